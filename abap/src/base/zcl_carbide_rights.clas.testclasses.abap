"! What a user may do is played: S_RFC with value RFC1, and whatever is asked of S_UNKNOWN makes no sense
CLASS ltcl_rights DEFINITION FINAL FOR TESTING DURATION SHORT RISK LEVEL HARMLESS.
  PUBLIC SECTION.
    INTERFACES zif_carbide_authority.
    INTERFACES zif_carbide_right.
  PRIVATE SECTION.
    DATA rights TYPE REF TO zcl_carbide_rights.
    DATA forbidden TYPE string.
    DATA times_asked TYPE i.

    METHODS setup.
    METHODS answers_each_right_by_itself FOR TESTING RAISING zcx_carbide_error.
    METHODS does_not_ask_half_a_question FOR TESTING RAISING zcx_carbide_error.
    METHODS overwrites_what_caller_claims FOR TESTING RAISING zcx_carbide_error.
    METHODS refuses_without_right FOR TESTING.
ENDCLASS.

CLASS ltcl_rights IMPLEMENTATION.
  METHOD zif_carbide_authority~check.
    IF operation = forbidden.
      RAISE EXCEPTION TYPE zcx_carbide_error
        EXPORTING
          number = '020'
          v1     = operation.
    ENDIF.
  ENDMETHOD.

  METHOD zif_carbide_authority~check_company_code.
    RETURN.
  ENDMETHOD.

  METHOD zif_carbide_authority~check_plant.
    RETURN.
  ENDMETHOD.

  METHOD zif_carbide_right~ask.
    times_asked = times_asked + 1.
    result = COND #( WHEN right-object = 'S_UNKNOWN' THEN zif_carbide_right=>answer-unknown
                     WHEN right-object = 'S_RFC' AND right-value = 'RFC1' THEN zif_carbide_right=>answer-has
                     ELSE zif_carbide_right=>answer-has_not ).
  ENDMETHOD.

  METHOD setup.
    rights = NEW #( authority = me
                    right     = me ).
  ENDMETHOD.

  METHOD answers_each_right_by_itself.
    DATA(answered) = VALUE zcl_carbide_rights=>rights( ( object = 'S_RFC'
                                                         field  = 'RFC_NAME'
                                                         value  = 'RFC1' )
                                                       ( object = 'S_DEVELOP'
                                                         field  = 'ACTVT'
                                                         value  = '02' )
                                                       ( object = 'S_UNKNOWN'
                                                         field  = 'ACTVT' ) ).

    rights->answer( CHANGING asked = answered ).

    cl_abap_unit_assert=>assert_equals( act = |{ answered[ 1 ]-answer }{ answered[ 2 ]-answer }{ answered[ 3 ]-answer }|
                                        exp = `X-?` ).
    cl_abap_unit_assert=>assert_equals( act = answered[ 2 ]-object
                                        exp = 'S_DEVELOP' ).
  ENDMETHOD.

  METHOD does_not_ask_half_a_question.
    DATA(answered) = VALUE zcl_carbide_rights=>rights( ( object = 'S_RFC' )
                                                       ( field = 'ACTVT' ) ).

    rights->answer( CHANGING asked = answered ).

    cl_abap_unit_assert=>assert_equals( act = |{ answered[ 1 ]-answer }{ answered[ 2 ]-answer }|
                                        exp = `??` ).
    cl_abap_unit_assert=>assert_equals( act = times_asked
                                        exp = 0 ).
  ENDMETHOD.

  METHOD overwrites_what_caller_claims.
    DATA(answered) = VALUE zcl_carbide_rights=>rights( ( object = 'S_DEVELOP'
                                                         field  = 'ACTVT'
                                                         value  = '02'
                                                         answer = 'X' ) ).

    rights->answer( CHANGING asked = answered ).

    cl_abap_unit_assert=>assert_equals( act = answered[ 1 ]-answer
                                        exp = '-' ).
  ENDMETHOD.

  METHOD refuses_without_right.
    forbidden = `AUTHORITY`.
    TRY.
        DATA(asked) = VALUE zcl_carbide_rights=>rights( ).
        rights->answer( CHANGING asked = asked ).
        cl_abap_unit_assert=>fail( ).
      CATCH zcx_carbide_error INTO DATA(refusal).
        cl_abap_unit_assert=>assert_equals( act = refusal->if_t100_message~t100key-msgno
                                            exp = '020' ).
    ENDTRY.
  ENDMETHOD.
ENDCLASS.
