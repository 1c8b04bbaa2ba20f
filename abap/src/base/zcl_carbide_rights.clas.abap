"! Which rights the caller has. It changes nothing, and tells nobody about another user.
CLASS zcl_carbide_rights DEFINITION PUBLIC FINAL CREATE PUBLIC.
  PUBLIC SECTION.
    TYPES rights TYPE STANDARD TABLE OF zcarbide_s_right WITH DEFAULT KEY.

    "! @parameter authority | Whether the caller may ask
    "! @parameter right     | Answers for one right
    METHODS constructor
      IMPORTING authority TYPE REF TO zif_carbide_authority
                right     TYPE REF TO zif_carbide_right.

    "! @parameter asked             | Each row is answered by itself: two of them may be granted by two authorizations
    "! @raising   zcx_carbide_error | 020
    METHODS answer
      CHANGING asked TYPE rights
      RAISING  zcx_carbide_error.
  PRIVATE SECTION.
    DATA authority TYPE REF TO zif_carbide_authority.
    DATA right TYPE REF TO zif_carbide_right.
ENDCLASS.

CLASS zcl_carbide_rights IMPLEMENTATION.
  METHOD constructor.
    me->authority = authority.
    me->right = right.
  ENDMETHOD.

  METHOD answer.
    authority->check( activity  = zif_carbide_authority=>activity-display
                      operation = 'AUTHORITY' ).
    LOOP AT asked ASSIGNING FIELD-SYMBOL(<asked>).
      " A check without a field would succeed for whoever has the object at all
      <asked>-answer = COND #( WHEN <asked>-object IS INITIAL OR <asked>-field IS INITIAL
                               THEN zif_carbide_right=>answer-unknown
                               ELSE right->ask( <asked> ) ).
    ENDLOOP.
  ENDMETHOD.
ENDCLASS.
