FUNCTION z_carbide_plan_publish.
*"----------------------------------------------------------------------
*"*"Local Interface:
*"  TABLES
*"      PLANS STRUCTURE  ZCARBIDE_PLAN OPTIONAL
*"      RETURN STRUCTURE  BAPIRET2 OPTIONAL
*"----------------------------------------------------------------------
  CLEAR return[].
  TRY.
      zcl_carbide_factory=>plan( )->publish( plans[] ).
    CATCH zcx_carbide_error INTO DATA(refusal).
      INSERT refusal->as_return( ) INTO TABLE return[].
      CAST zif_carbide_log( NEW zcl_carbide_log( ) )->write( subobject   = zif_carbide_log=>subobject-plan
                                                             external_id = 'PLAN_PUBLISH'
                                                             messages    = return[] ).
  ENDTRY.
ENDFUNCTION.
