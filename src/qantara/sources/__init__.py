"""Sources: readers that turn files and data sets into `Example` records; one row in, one record out, in order.

A file that can't be read is a `DataError`; a row with a bad value still becomes a record, which `curate` rejects with its reason.
One file a kind of file (jsonl, csv_file, parquet, hub) and one a data set (with name, URL, licence, size and citation).
"""
