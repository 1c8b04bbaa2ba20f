FUNCTION z_carbide_cancel.
*"----------------------------------------------------------------------
*"*"Local Interface:
*"  IMPORTING
*"     VALUE(KEY) TYPE  ZCARBIDE_ENTRY_KEY
*"     VALUE(FENCE) TYPE  ZCARBIDE_FENCE
*"  EXPORTING
*"     VALUE(STATUS) TYPE  ZCARBIDE_STATUS
*"     VALUE(OBJECT_NUMBER) TYPE  ZCARBIDE_OBJECT_NUMBER
*"  TABLES
*"      RETURN STRUCTURE  BAPIRET2 OPTIONAL
*"----------------------------------------------------------------------
  DATA(answer) = zcl_carbide_factory=>execution( )->cancel( entry_key = key
                                                            fence     = fence ).
  status = answer-status.
  object_number = answer-object_number.
  CLEAR return[].
  INSERT LINES OF answer-messages INTO TABLE return[].
ENDFUNCTION.
