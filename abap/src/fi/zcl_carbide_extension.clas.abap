"! What a row of EXTENSION2 carries for one line of an accounting document: structure ZCARBIDE.
"! VALUEPART1 is item 10, kilograms 24, scope 2, value state 12; VALUEPART2 is evidence 64.
CLASS zcl_carbide_extension DEFINITION PUBLIC FINAL CREATE PRIVATE.
  PUBLIC SECTION.
    CONSTANTS structure_name TYPE c LENGTH 30 VALUE 'ZCARBIDE'.

    TYPES kilograms TYPE p LENGTH 12 DECIMALS 6.
    TYPES:
      BEGIN OF line,
        item      TYPE n LENGTH 10,
        kilograms TYPE kilograms,
        scope     TYPE zcarbide_scope,
        state     TYPE zcarbide_state,
        evidence  TYPE zcarbide_evidence,
      END OF line.

    "! Ten million tonnes: what QUANTITY of a G/L line can hold
    CONSTANTS limit TYPE kilograms VALUE '9999999999.999'.

    "! @parameter result            | One line
    "! @raising   zcx_carbide_error | 015: kilograms are no number or beyond the limit; 019: no item
    CLASS-METHODS parse
      IMPORTING first         TYPE csequence
                second        TYPE csequence
      RETURNING VALUE(result) TYPE line
      RAISING   zcx_carbide_error.

    "! @parameter result            | Decimal with a dot; blanks around it do not matter
    "! @raising   zcx_carbide_error | 015
    CLASS-METHODS number
      IMPORTING text          TYPE csequence
                item          TYPE csequence
      RETURNING VALUE(result) TYPE kilograms
      RAISING   zcx_carbide_error.
ENDCLASS.

CLASS zcl_carbide_extension IMPLEMENTATION.
  METHOD parse.
    DATA part TYPE c LENGTH 240.
    part = first.
    DATA(item_text) = part(10).
    IF item_text CN '0123456789'.
      RAISE EXCEPTION TYPE zcx_carbide_error
        EXPORTING
          number = '019'
          v1     = item_text.
    ENDIF.
    result-item = item_text.
    result-kilograms = number( text = part+10(24)
                               item = item_text ).
    result-scope = part+34(2).
    result-state = part+36(12).
    result-evidence = second.
  ENDMETHOD.

  METHOD number.
    DATA exact TYPE decfloat34.
    DATA(digits) = condense( CONV string( text ) ).
    IF NOT matches( val   = digits
                    regex = `-?[0-9]{1,17}(\.[0-9]{1,6})?` ).
      RAISE EXCEPTION TYPE zcx_carbide_error
        EXPORTING
          number = '015'
          v1     = |{ item }: { digits }|.
    ENDIF.
    exact = digits.
    IF abs( exact ) > limit.
      RAISE EXCEPTION TYPE zcx_carbide_error
        EXPORTING
          number = '015'
          v1     = |{ item }: { digits }|.
    ENDIF.
    result = exact.
  ENDMETHOD.
ENDCLASS.
