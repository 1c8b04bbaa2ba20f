FUNCTION-POOL zcarbide_exec.
