"! Conditions as in select-options: rows of one field are joined by OR, fields by AND, sign E excludes.
"! They are evaluated here and never become SQL text.
CLASS zcl_carbide_table_condition DEFINITION PUBLIC FINAL CREATE PUBLIC.
  PUBLIC SECTION.
    TYPES conditions TYPE STANDARD TABLE OF zcarbide_s_condition WITH DEFAULT KEY.

    "! @parameter conditions        | As sent
    "! @parameter fields            | Fields of the table
    "! @raising   zcx_carbide_error | 041 or 042
    CLASS-METHODS check
      IMPORTING conditions TYPE conditions
                fields     TYPE zif_carbide_dictionary=>fields
                table_name TYPE tabname
      RAISING   zcx_carbide_error.

    "! @parameter conditions | Of one field
    "! @parameter is_number  | Whether the field is compared as a number
    "! @parameter value      | Value of the field
    "! @parameter result     | Whether the row stays
    CLASS-METHODS holds
      IMPORTING conditions    TYPE conditions
                is_number     TYPE abap_bool
                value         TYPE string
      RETURNING VALUE(result) TYPE abap_bool.

    "! @parameter type   | Type in the dictionary
    "! @parameter result | Whether fields of this type are compared as numbers
    CLASS-METHODS is_number
      IMPORTING type          TYPE csequence
      RETURNING VALUE(result) TYPE abap_bool.
  PRIVATE SECTION.
    CLASS-METHODS check_values
      IMPORTING condition TYPE zcarbide_s_condition
                type      TYPE csequence
      RAISING   zcx_carbide_error.
    CLASS-METHODS matches_row
      IMPORTING condition     TYPE zcarbide_s_condition
                is_number     TYPE abap_bool
                value         TYPE string
      RETURNING VALUE(result) TYPE abap_bool.
    "! @parameter result | Negative, zero or positive, as value is less than, equal to or greater than other
    CLASS-METHODS compare
      IMPORTING value         TYPE string
                other         TYPE csequence
                is_number     TYPE abap_bool
      RETURNING VALUE(result) TYPE i.
ENDCLASS.

CLASS zcl_carbide_table_condition IMPLEMENTATION.
  METHOD check.
    LOOP AT conditions INTO DATA(condition).
      DATA(field) = VALUE #( fields[ name = condition-fieldname ] OPTIONAL ).
      IF field IS INITIAL.
        RAISE EXCEPTION TYPE zcx_carbide_error
          EXPORTING
            number = '041'
            v1     = condition-fieldname
            v2     = table_name.
      ENDIF.
      check_values( condition = condition
                    type      = field-type ).
    ENDLOOP.
  ENDMETHOD.

  METHOD check_values.
    DATA(reason) = ``.
    IF condition-sign <> 'I' AND condition-sign <> 'E'.
      reason = |SIGN { condition-sign }|.
    ELSEIF NOT matches( val   = CONV string( condition-option )
                        regex = `EQ|NE|LT|LE|GT|GE|BT` ).
      reason = |OPTION { condition-option }|.
    ELSEIF condition-option = 'BT' AND condition-high IS INITIAL.
      reason = `HIGH`.
    ELSEIF condition-option <> 'BT' AND condition-high IS NOT INITIAL.
      reason = |HIGH { condition-high }|.
    ELSEIF is_number( type ) = abap_true
        AND NOT matches( val   = |{ condition-low }/{ condition-high }|
                         regex = `-?[0-9]+(\.[0-9]+)?/(-?[0-9]+(\.[0-9]+)?)?` ).
      reason = |LOW { condition-low }|.
    ENDIF.
    IF reason IS NOT INITIAL.
      RAISE EXCEPTION TYPE zcx_carbide_error
        EXPORTING
          number = '042'
          v1     = condition-fieldname
          v2     = reason.
    ENDIF.
  ENDMETHOD.

  METHOD holds.
    DATA(is_included) = xsdbool( NOT line_exists( conditions[ sign = 'I' ] ) ).
    LOOP AT conditions INTO DATA(condition).
      IF matches_row( condition = condition
                      is_number = is_number
                      value     = value ) = abap_false.
        CONTINUE.
      ENDIF.
      IF condition-sign = 'E'.
        result = abap_false.
        RETURN.
      ENDIF.
      is_included = abap_true.
    ENDLOOP.
    result = is_included.
  ENDMETHOD.

  METHOD matches_row.
    DATA(order) = compare( value     = value
                           other     = condition-low
                           is_number = is_number ).
    result = SWITCH #( condition-option
      WHEN 'EQ' THEN xsdbool( order = 0 )
      WHEN 'NE' THEN xsdbool( order <> 0 )
      WHEN 'LT' THEN xsdbool( order < 0 )
      WHEN 'LE' THEN xsdbool( order <= 0 )
      WHEN 'GT' THEN xsdbool( order > 0 )
      WHEN 'GE' THEN xsdbool( order >= 0 )
      WHEN 'BT' THEN xsdbool( order >= 0 AND compare( value     = value
                                                      other     = condition-high
                                                      is_number = is_number ) <= 0 ) ).
  ENDMETHOD.

  METHOD compare.
    DATA number TYPE decfloat34.
    DATA other_number TYPE decfloat34.
    DATA text TYPE c LENGTH 255.
    DATA other_text TYPE c LENGTH 255.
    IF is_number = abap_true.
      number = value.
      other_number = other.
      IF number < other_number.
        result = -1.
      ELSEIF number > other_number.
        result = 1.
      ENDIF.
      RETURN.
    ENDIF.
    " As SAP compares: trailing blanks do not count
    text = value.
    other_text = other.
    IF text < other_text.
      result = -1.
    ELSEIF text > other_text.
      result = 1.
    ENDIF.
  ENDMETHOD.

  METHOD is_number.
    result = xsdbool( matches( val   = CONV string( type )
                               regex = `INT[1248]|DEC|QUAN|CURR|FLTP|D16.|D34.|PREC` ) ).
  ENDMETHOD.
ENDCLASS.
