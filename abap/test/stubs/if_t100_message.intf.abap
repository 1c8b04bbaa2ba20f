INTERFACE if_t100_message PUBLIC.
  TYPES:
    BEGIN OF scx_t100key,
      msgid TYPE symsgid,
      msgno TYPE symsgno,
      attr1 TYPE c LENGTH 30,
      attr2 TYPE c LENGTH 30,
      attr3 TYPE c LENGTH 30,
      attr4 TYPE c LENGTH 30,
    END OF scx_t100key.
  DATA t100key TYPE scx_t100key.
ENDINTERFACE.
