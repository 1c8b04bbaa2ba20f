CLASS ltcl_postings DEFINITION FINAL FOR TESTING DURATION SHORT RISK LEVEL HARMLESS.
  PUBLIC SECTION.
    INTERFACES zif_carbide_line_store.
    INTERFACES zif_carbide_document_number.
    INTERFACES zif_carbide_authority.
  PRIVATE SECTION.
    DATA stored TYPE zif_carbide_line_store=>lines.
    DATA reversals TYPE zif_carbide_document_number=>reversals.
    DATA forbidden TYPE bukrs.
    DATA asked TYPE i.

    METHODS setup.
    METHODS shows_document_period_and_cost FOR TESTING RAISING zcx_carbide_error.
    METHODS reads_a_number_once_a_document FOR TESTING RAISING zcx_carbide_error.
    METHODS number_of_sap_is_the_reference FOR TESTING RAISING zcx_carbide_error.
    METHODS tells_that_nothing_was_posted FOR TESTING.
    METHODS needs_right_for_company_code FOR TESTING.
    METHODS a_reversal_by_hand_is_seen FOR TESTING RAISING zcx_carbide_error.
    METHODS own_reversal_is_not_seen_twice FOR TESTING RAISING zcx_carbide_error.
    METHODS agrees_with_the_same_total FOR TESTING RAISING zcx_carbide_error.
    METHODS names_the_difference FOR TESTING RAISING zcx_carbide_error.
    METHODS refuses_what_is_no_number FOR TESTING.
    METHODS list
      RETURNING VALUE(result) TYPE zcl_carbide_postings=>postings
      RAISING   zcx_carbide_error.
    METHODS postings
      RETURNING VALUE(result) TYPE REF TO zcl_carbide_postings.
ENDCLASS.

CLASS ltcl_postings IMPLEMENTATION.
  METHOD zif_carbide_line_store~find.
    LOOP AT stored INTO DATA(line) WHERE awtyp = object_type AND awkey = object_key AND awsys = object_system.
      INSERT line INTO TABLE result.
    ENDLOOP.
  ENDMETHOD.

  METHOD zif_carbide_line_store~insert.
    RETURN.
  ENDMETHOD.

  METHOD zif_carbide_line_store~posted.
    LOOP AT stored INTO DATA(line) WHERE bukrs = company_code AND budat >= first_day AND budat <= last_day.
      INSERT line INTO TABLE result.
    ENDLOOP.
  ENDMETHOD.

  METHOD zif_carbide_document_number~find.
    asked = asked + 1.
    cl_abap_unit_assert=>assert_equals( act = reference
                                        exp = 'ZCARBJ1                  CARBIDE' ).
    result = '010000004210102026'.
  ENDMETHOD.

  METHOD zif_carbide_document_number~reversals_of.
    result = reversals.
  ENDMETHOD.

  METHOD zif_carbide_authority~check.
    cl_abap_unit_assert=>assert_equals( act = |{ activity } { operation }|
                                        exp = `03 POSTINGS` ).
  ENDMETHOD.

  METHOD zif_carbide_authority~check_company_code.
    IF company_code = forbidden.
      RAISE EXCEPTION TYPE zcx_carbide_error
        EXPORTING
          number = '020'.
    ENDIF.
  ENDMETHOD.

  METHOD zif_carbide_authority~check_plant.
    RETURN.
  ENDMETHOD.

  METHOD setup.
    stored = VALUE #( bukrs = '1010'
                      awtyp = 'ZCARB'
                      awkey = 'J1'
                      awsys = 'CARBIDE'
                      budat = '20261031'
                      ( posnr = 1
                        kostl = 'PRESS'
                        scope = '2'
                        kg    = '12.25' )
                      ( posnr = 2
                        kostl = 'OVEN'
                        scope = '1'
                        kg    = '-2.25' ) ).
  ENDMETHOD.

  METHOD postings.
    result = NEW #( lines     = me
                    documents = me
                    authority = me ).
  ENDMETHOD.

  METHOD list.
    result = postings( )->list( company_code = '1010'
                                first_day    = '20261001'
                                last_day     = '20261031' ).
  ENDMETHOD.

  METHOD shows_document_period_and_cost.
    DATA(shown) = list( ).

    cl_abap_unit_assert=>assert_equals( act = lines( shown )
                                        exp = 2 ).
    cl_abap_unit_assert=>assert_equals( act = |{ shown[ 1 ]-belnr } { shown[ 1 ]-bukrs } { shown[ 1 ]-gjahr }|
                                        exp = `0100000042 1010 2026` ).
    cl_abap_unit_assert=>assert_equals( act = |{ shown[ 2 ]-period } { shown[ 2 ]-kostl } { shown[ 2 ]-scope }|
                                        exp = `202610 OVEN 1` ).
  ENDMETHOD.

  METHOD reads_a_number_once_a_document.
    list( ).

    cl_abap_unit_assert=>assert_equals( act = asked
                                        exp = 1 ).
  ENDMETHOD.

  METHOD number_of_sap_is_the_reference.
    stored[ 1 ]-awtyp = 'BKPFF'.
    stored[ 1 ]-awkey = '190000000710102025'.

    DATA(shown) = list( ).

    cl_abap_unit_assert=>assert_equals( act = |{ shown[ 1 ]-belnr } { shown[ 1 ]-gjahr }|
                                        exp = `1900000007 2025` ).
  ENDMETHOD.

  METHOD tells_that_nothing_was_posted.
    CLEAR stored.
    TRY.
        list( ).
        cl_abap_unit_assert=>fail( ).
      CATCH zcx_carbide_error INTO DATA(refusal).
        cl_abap_unit_assert=>assert_equals( act = refusal->if_t100_message~t100key-msgno
                                            exp = '062' ).
    ENDTRY.
  ENDMETHOD.

  METHOD needs_right_for_company_code.
    forbidden = '1010'.
    TRY.
        list( ).
        cl_abap_unit_assert=>fail( ).
      CATCH zcx_carbide_error INTO DATA(refusal).
        cl_abap_unit_assert=>assert_equals( act = refusal->if_t100_message~t100key-msgno
                                            exp = '020' ).
    ENDTRY.
  ENDMETHOD.

  METHOD a_reversal_by_hand_is_seen.
    reversals = VALUE #( ( belnr          = '0100000050'
                           gjahr          = '2026'
                           budat          = '20261030'
                           awtyp          = 'BKPFF'
                           awkey          = '010000005010102026'
                           original_awtyp = 'ZCARB'
                           original_awkey = 'J1'
                           original_awsys = 'CARBIDE' ) ).

    DATA(shown) = list( ).

    cl_abap_unit_assert=>assert_equals( act = |{ shown[ 3 ]-belnr } { shown[ 3 ]-budat } { shown[ 3 ]-reversed_key }|
                                        exp = `0100000050 20261030 J1` ).
    cl_abap_unit_assert=>assert_equals( act = shown[ 3 ]-kg
                                        exp = '-12.25' ).
    DATA(comparison) = postings( )->compare( postings     = shown
                                             ledger_total = `10` ).
    cl_abap_unit_assert=>assert_equals( act = comparison-difference
                                        exp = '-10' ).
  ENDMETHOD.

  METHOD own_reversal_is_not_seen_twice.
    INSERT VALUE #( bukrs = '1010'
                    awtyp = 'ZCARB'
                    awkey = 'J2'
                    awsys = 'CARBIDE'
                    budat = '20261130'
                    posnr = 1
                    kg    = '-12.25' ) INTO TABLE stored.
    reversals = VALUE #( ( belnr          = '0100000051'
                           awtyp          = 'ZCARB'
                           awkey          = 'J2'
                           awsys          = 'CARBIDE'
                           original_awtyp = 'ZCARB'
                           original_awkey = 'J1'
                           original_awsys = 'CARBIDE' ) ).

    cl_abap_unit_assert=>assert_equals( act = lines( list( ) )
                                        exp = 2 ).
  ENDMETHOD.

  METHOD agrees_with_the_same_total.
    DATA(comparison) = postings( )->compare( postings     = list( )
                                             ledger_total = ` 10,000 ` ).

    cl_abap_unit_assert=>assert_true( comparison-agrees ).
    cl_abap_unit_assert=>assert_equals( act = comparison-fi
                                        exp = '10' ).
  ENDMETHOD.

  METHOD names_the_difference.
    DATA(comparison) = postings( )->compare( postings     = list( )
                                             ledger_total = `10.000001` ).

    cl_abap_unit_assert=>assert_false( comparison-agrees ).
    cl_abap_unit_assert=>assert_equals( act = comparison-difference
                                        exp = '-0.000001' ).
  ENDMETHOD.

  METHOD refuses_what_is_no_number.
    TRY.
        postings( )->compare( postings     = list( )
                              ledger_total = `1.000,5` ).
        cl_abap_unit_assert=>fail( ).
      CATCH zcx_carbide_error INTO DATA(refusal).
        cl_abap_unit_assert=>assert_equals( act = refusal->if_t100_message~t100key-msgno
                                            exp = '063' ).
    ENDTRY.
  ENDMETHOD.
ENDCLASS.
