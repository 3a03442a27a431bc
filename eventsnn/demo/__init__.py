"""`eventsnn demo`: runs the programs of the folder `demos`, reports and draws what they do."""
