CLASS cl_abap_unit_assert DEFINITION PUBLIC FINAL CREATE PUBLIC.
  PUBLIC SECTION.
    CLASS-METHODS assert_equals
      IMPORTING act TYPE any
                exp TYPE any
                msg TYPE csequence OPTIONAL.
    CLASS-METHODS assert_initial
      IMPORTING act TYPE any
                msg TYPE csequence OPTIONAL.
    CLASS-METHODS assert_true
      IMPORTING act TYPE abap_bool
                msg TYPE csequence OPTIONAL.
    CLASS-METHODS assert_false
      IMPORTING act TYPE abap_bool
                msg TYPE csequence OPTIONAL.
    CLASS-METHODS fail
      IMPORTING msg TYPE csequence OPTIONAL.
ENDCLASS.

CLASS cl_abap_unit_assert IMPLEMENTATION.
  METHOD assert_equals.
    IF act <> exp.
      WRITE '@KERNEL const shown = (value) => JSON.stringify(value, (name, x) => name === "value" || !x?.get ? x : x.get());'.
      WRITE '@KERNEL console.log("  expected " + shown(exp) + "\n  got      " + shown(act));'.
      fail( msg ).
    ENDIF.
  ENDMETHOD.

  METHOD assert_initial.
    IF act IS NOT INITIAL.
      fail( msg ).
    ENDIF.
  ENDMETHOD.

  METHOD assert_true.
    IF act <> abap_true.
      fail( msg ).
    ENDIF.
  ENDMETHOD.

  METHOD assert_false.
    IF act <> abap_false.
      fail( msg ).
    ENDIF.
  ENDMETHOD.

  METHOD fail.
    RAISE EXCEPTION TYPE kernel_cx_assert
      EXPORTING
        msg = |{ msg }|.
  ENDMETHOD.
ENDCLASS.
