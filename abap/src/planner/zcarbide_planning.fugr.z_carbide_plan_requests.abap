FUNCTION z_carbide_plan_requests.
*"----------------------------------------------------------------------
*"*"Local Interface:
*"  TABLES
*"      ANSWERS STRUCTURE  ZCARBIDE_REQUEST OPTIONAL
*"      REQUESTS STRUCTURE  ZCARBIDE_REQUEST OPTIONAL
*"      RETURN STRUCTURE  BAPIRET2 OPTIONAL
*"----------------------------------------------------------------------
  CLEAR: requests[], return[].
  TRY.
      INSERT LINES OF zcl_carbide_factory=>plan( )->answer( answers[] ) INTO TABLE requests[].
    CATCH zcx_carbide_error INTO DATA(refusal).
      INSERT refusal->as_return( ) INTO TABLE return[].
      CAST zif_carbide_log( NEW zcl_carbide_log( ) )->write( subobject   = zif_carbide_log=>subobject-plan
                                                             external_id = 'PLAN_ANSWER'
                                                             messages    = return[] ).
  ENDTRY.
ENDFUNCTION.
