FUNCTION z_carbide_entry_insert.
*"----------------------------------------------------------------------
*"*"Update Function Module:
*"  IMPORTING
*"     VALUE(ENTRY) TYPE  ZCARBIDE_ENTRY
*"----------------------------------------------------------------------
  INSERT zcarbide_entry FROM @entry.
  IF sy-subrc <> 0.
    MESSAGE a028(zcarbide) WITH entry-entry_key.
  ENDIF.
ENDFUNCTION.
