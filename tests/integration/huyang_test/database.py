"""A database of the gateway as a test opens it: closed when the block ends."""
import contextlib
import sqlite3


@contextlib.contextmanager
def database(path, write=False):
    """The SQLite file `path`, for reading unless `write`; what was written is committed when the block ends without an error.

    `with sqlite3.connect(...)` alone would only end the transaction: the connection then closes at some later garbage collection,
    in the middle of another test's look at the folder, and takes the -shm file with it.
    """
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode={'rwc' if write else 'ro'}", uri=True)) as db, db:
        yield db
