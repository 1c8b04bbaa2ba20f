FUNCTION-POOL zcarbide_update.
