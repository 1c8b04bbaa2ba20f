CLASS ltcl_plan_store DEFINITION FINAL FOR TESTING DURATION SHORT RISK LEVEL DANGEROUS.
  PRIVATE SECTION.
    DATA store TYPE REF TO zif_carbide_plan_store.

    METHODS setup.
    METHODS teardown.
    METHODS remove.
    METHODS a_later_plan_replaces_it FOR TESTING.
    METHODS an_answered_request_is_closed FOR TESTING.
    METHODS one_second_has_many_requests FOR TESTING RAISING zcx_carbide_error.
ENDCLASS.

CLASS ltcl_plan_store IMPLEMENTATION.
  METHOD setup.
    store = NEW zcl_carbide_plan_store( ).
    remove( ).
  ENDMETHOD.

  METHOD teardown.
    remove( ).
  ENDMETHOD.

  METHOD remove.
    DELETE FROM zcarbide_plan WHERE plwrk = 'ZZUT'.
    DELETE FROM zcarbide_request WHERE requirement = 'ZZUNIT'.
  ENDMETHOD.

  METHOD a_later_plan_replaces_it.
    store->put( VALUE #( ( requirement = 'ZZUNIT'
                           plwrk       = 'ZZUT'
                           kg_after    = 3 ) ) ).

    store->put( VALUE #( ( requirement = 'ZZUNIT'
                           plwrk       = 'ZZUT'
                           kg_after    = 2 ) ) ).

    cl_abap_unit_assert=>assert_equals( act = lines( store->in_plant( 'ZZUT' ) )
                                        exp = 1 ).
    cl_abap_unit_assert=>assert_equals( act = store->find( 'ZZUNIT' )-kg_after
                                        exp = 2 ).
    cl_abap_unit_assert=>assert_initial( store->find( 'ZZNONE' ) ).
  ENDMETHOD.

  METHOD an_answered_request_is_closed.
    DATA(request) = VALUE zcarbide_request( request_id  = 'ZZ1'
                                            requirement = 'ZZUNIT'
                                            status      = zif_carbide_plan_store=>status-open ).
    store->put_request( request ).
    DATA(open) = store->open_requests( ).
    cl_abap_unit_assert=>assert_true( xsdbool( line_exists( open[ request_id = 'ZZ1' ] ) ) ).

    request-status = zif_carbide_plan_store=>status-done.
    store->put_request( request ).

    open = store->open_requests( ).
    cl_abap_unit_assert=>assert_false( xsdbool( line_exists( open[ request_id = 'ZZ1' ] ) ) ).
  ENDMETHOD.

  METHOD one_second_has_many_requests.
    DATA(first) = store->new_request_id( '20261126080000' ).
    DATA(second) = store->new_request_id( '20261126080000' ).

    cl_abap_unit_assert=>assert_equals( act = |{ first(14) } { second(14) } { strlen( first ) }|
                                        exp = `20261126080000 20261126080000 46` ).
    cl_abap_unit_assert=>assert_false( xsdbool( first = second ) ).
    cl_abap_unit_assert=>assert_true( xsdbool( second < store->new_request_id( '20261126080001' ) ) ).
  ENDMETHOD.
ENDCLASS.
