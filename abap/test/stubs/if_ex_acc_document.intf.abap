INTERFACE if_ex_acc_document PUBLIC.
  METHODS change
    IMPORTING flt_val      TYPE awtyp
    CHANGING  c_accit      TYPE accit_tab
              c_extension2 TYPE bapiparex_tab_ac
              c_return     TYPE bapiret2_t.
  METHODS fill_accit
    CHANGING c_accit TYPE accit.
ENDINTERFACE.
