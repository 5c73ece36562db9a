"""Files of passes that another provider issued: read, checked, and taken in as a long job."""
