FUNCTION-POOL zcarbide_lines.
