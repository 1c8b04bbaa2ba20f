FUNCTION z_carbide_read_table.
*"----------------------------------------------------------------------
*"*"Local Interface:
*"  IMPORTING
*"     VALUE(TABLE_NAME) TYPE  TABNAME
*"     VALUE(MAX_ROWS) TYPE  INT4
*"     VALUE(CONTINUE_AFTER) TYPE  STRING OPTIONAL
*"  EXPORTING
*"     VALUE(ROWS) TYPE  STRING
*"     VALUE(ROW_COUNT) TYPE  INT4
*"     VALUE(CONTINUE_WITH) TYPE  STRING
*"  TABLES
*"      FIELDS STRUCTURE  ZCARBIDE_S_FIELD OPTIONAL
*"      CONDITIONS STRUCTURE  ZCARBIDE_S_CONDITION OPTIONAL
*"      RETURN STRUCTURE  BAPIRET2 OPTIONAL
*"----------------------------------------------------------------------
  DATA(reader) = NEW zcl_carbide_table_reader( dictionary = NEW zcl_carbide_dictionary( )
                                               authority  = NEW zcl_carbide_authority( )
                                               log        = NEW zcl_carbide_log( ) ).
  DATA(answer) = reader->read( VALUE #( table_name     = table_name
                                        fields         = fields[]
                                        conditions     = conditions[]
                                        max_rows       = max_rows
                                        continue_after = continue_after ) ).
  rows = answer-rows.
  row_count = answer-row_count.
  continue_with = answer-continue_with.
  CLEAR return[].
  INSERT LINES OF answer-messages INTO TABLE return[].
ENDFUNCTION.
