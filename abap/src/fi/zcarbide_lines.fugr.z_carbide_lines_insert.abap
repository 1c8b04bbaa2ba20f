FUNCTION z_carbide_lines_insert.
*"----------------------------------------------------------------------
*"*"Update Function Module:
*"  TABLES
*"      LINES STRUCTURE  ZCARBIDE_LINE OPTIONAL
*"----------------------------------------------------------------------
  INSERT zcarbide_line FROM TABLE @lines.
  IF sy-subrc <> 0.
    MESSAGE a028(zcarbide) WITH 'ZCARBIDE_LINE'.
  ENDIF.
ENDFUNCTION.
