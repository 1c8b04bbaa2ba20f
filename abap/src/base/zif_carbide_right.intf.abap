"! What the user of this session may do, by any authorization object
INTERFACE zif_carbide_right PUBLIC.
  CONSTANTS:
    BEGIN OF answer,
      has     TYPE zcarbide_s_right-answer VALUE 'X',
      has_not TYPE zcarbide_s_right-answer VALUE '-',
      unknown TYPE zcarbide_s_right-answer VALUE '?',
    END OF answer.

  "! @parameter right  | Authorization object, one of its fields, and a value; the other fields are not looked at
  "! @parameter result | See the constants; unknown if SAP cannot say
  METHODS ask
    IMPORTING right         TYPE zcarbide_s_right
    RETURNING VALUE(result) TYPE zcarbide_s_right-answer.
ENDINTERFACE.
