FUNCTION z_carbide_exec.
*"----------------------------------------------------------------------
*"*"Local Interface:
*"  IMPORTING
*"     VALUE(KEY) TYPE  ZCARBIDE_ENTRY_KEY
*"     VALUE(FENCE) TYPE  ZCARBIDE_FENCE
*"     VALUE(OPERATION) TYPE  ZCARBIDE_OPERATION
*"     VALUE(REQUEST_HASH) TYPE  ZCARBIDE_HASH
*"     VALUE(PAYLOAD) TYPE  STRING
*"  EXPORTING
*"     VALUE(STATUS) TYPE  ZCARBIDE_STATUS
*"     VALUE(OBJECT_NUMBER) TYPE  ZCARBIDE_OBJECT_NUMBER
*"  TABLES
*"      RETURN STRUCTURE  BAPIRET2 OPTIONAL
*"----------------------------------------------------------------------
  DATA(answer) = zcl_carbide_factory=>execution( )->execute( VALUE #( entry_key    = key
                                                                      fence        = fence
                                                                      operation    = operation
                                                                      request_hash = request_hash
                                                                      payload      = payload ) ).
  status = answer-status.
  object_number = answer-object_number.
  CLEAR return[].
  INSERT LINES OF answer-messages INTO TABLE return[].
ENDFUNCTION.
