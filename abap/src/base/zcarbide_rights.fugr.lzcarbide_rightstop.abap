FUNCTION-POOL zcarbide_rights.
