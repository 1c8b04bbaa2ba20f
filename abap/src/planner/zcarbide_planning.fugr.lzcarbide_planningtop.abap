FUNCTION-POOL zcarbide_planning.
