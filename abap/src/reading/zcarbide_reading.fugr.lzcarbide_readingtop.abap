FUNCTION-POOL zcarbide_reading.
