"""Sources: does whom a service names become a record, whatever the service answers?"""
