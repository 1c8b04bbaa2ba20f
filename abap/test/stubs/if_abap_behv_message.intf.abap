INTERFACE if_abap_behv_message PUBLIC.
  CONSTANTS:
    BEGIN OF severity,
      error TYPE i VALUE 1,
    END OF severity.
ENDINTERFACE.
