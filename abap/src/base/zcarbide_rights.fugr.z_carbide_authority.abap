FUNCTION z_carbide_authority.
*"----------------------------------------------------------------------
*"*"Local Interface:
*"  TABLES
*"      CHECKS STRUCTURE  ZCARBIDE_S_RIGHT OPTIONAL
*"      RETURN STRUCTURE  BAPIRET2 OPTIONAL
*"----------------------------------------------------------------------
  CLEAR return[].
  TRY.
      zcl_carbide_factory=>rights( )->answer( CHANGING asked = checks[] ).
    CATCH zcx_carbide_error INTO DATA(refusal).
      CLEAR checks[].
      INSERT refusal->as_return( ) INTO TABLE return[].
      CAST zif_carbide_log( NEW zcl_carbide_log( ) )->write( subobject   = zif_carbide_log=>subobject-reading
                                                             external_id = 'AUTHORITY'
                                                             messages    = return[] ).
  ENDTRY.
ENDFUNCTION.
