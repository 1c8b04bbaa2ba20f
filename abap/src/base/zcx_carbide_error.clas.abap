"! What Carbide refuses, with a text of message class ZCARBIDE
CLASS zcx_carbide_error DEFINITION PUBLIC INHERITING FROM cx_static_check FINAL CREATE PUBLIC.
  PUBLIC SECTION.
    INTERFACES if_t100_message.

    DATA v1 TYPE symsgv READ-ONLY.
    DATA v2 TYPE symsgv READ-ONLY.
    DATA v3 TYPE symsgv READ-ONLY.

    "! @parameter number   | Message of class ZCARBIDE
    "! @parameter v1       | Replaces &1
    "! @parameter v2       | Replaces &2
    "! @parameter v3       | Replaces &3
    "! @parameter previous | What led here
    METHODS constructor
      IMPORTING number   TYPE symsgno
                v1       TYPE clike OPTIONAL
                v2       TYPE clike OPTIONAL
                v3       TYPE clike OPTIONAL
                previous TYPE REF TO cx_root OPTIONAL.

    "! @parameter result | The message as a row of RETURN
    METHODS as_return
      RETURNING VALUE(result) TYPE bapiret2.
ENDCLASS.

CLASS zcx_carbide_error IMPLEMENTATION.
  METHOD constructor ##ADT_SUPPRESS_GENERATION.
    super->constructor( previous = previous ).
    me->v1 = v1.
    me->v2 = v2.
    me->v3 = v3.
    if_t100_message~t100key = VALUE #( msgid = 'ZCARBIDE'
                                       msgno = number
                                       attr1 = 'V1'
                                       attr2 = 'V2'
                                       attr3 = 'V3' ).
  ENDMETHOD.

  METHOD as_return.
    result = zcl_carbide_message=>error( number = if_t100_message~t100key-msgno
                                         v1     = v1
                                         v2     = v2
                                         v3     = v3 ).
  ENDMETHOD.
ENDCLASS.
