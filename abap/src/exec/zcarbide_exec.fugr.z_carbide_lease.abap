FUNCTION z_carbide_lease.
*"----------------------------------------------------------------------
*"*"Local Interface:
*"  IMPORTING
*"     VALUE(HOLDER) TYPE  ZCARBIDE_HOLDER
*"     VALUE(ACTION) TYPE  ZCARBIDE_ACTION
*"     VALUE(DURATION_SECONDS) TYPE  INT4 OPTIONAL
*"  EXPORTING
*"     VALUE(STATUS) TYPE  ZCARBIDE_STATUS
*"     VALUE(FENCE) TYPE  ZCARBIDE_FENCE
*"     VALUE(HOLDER_NOW) TYPE  ZCARBIDE_HOLDER
*"     VALUE(EXPIRES_AT) TYPE  ZCARBIDE_TIMESTAMP
*"  TABLES
*"      RETURN STRUCTURE  BAPIRET2 OPTIONAL
*"----------------------------------------------------------------------
  DATA(answer) = zcl_carbide_factory=>lease( )->act( holder   = holder
                                                     action   = action
                                                     duration = duration_seconds ).
  status = answer-status.
  fence = answer-fence.
  holder_now = answer-holder_now.
  expires_at = answer-expires_at.
  CLEAR return[].
  INSERT LINES OF answer-messages INTO TABLE return[].
ENDFUNCTION.
