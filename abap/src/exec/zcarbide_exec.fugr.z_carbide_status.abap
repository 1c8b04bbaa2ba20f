FUNCTION z_carbide_status.
*"----------------------------------------------------------------------
*"*"Local Interface:
*"  TABLES
*"      KEYS STRUCTURE  ZCARBIDE_S_KEY OPTIONAL
*"      ENTRIES STRUCTURE  ZCARBIDE_S_ENTRY OPTIONAL
*"      RETURN STRUCTURE  BAPIRET2 OPTIONAL
*"----------------------------------------------------------------------
  DATA(overview) = zcl_carbide_factory=>execution( )->look_up( keys[] ).
  CLEAR entries[].
  INSERT LINES OF overview-entries INTO TABLE entries[].
  CLEAR return[].
  INSERT LINES OF overview-messages INTO TABLE return[].
ENDFUNCTION.
