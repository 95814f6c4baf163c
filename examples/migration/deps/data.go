package deps

import (
	"database/sql"
	"fmt"
	"os"
	"path/filepath"

	_ "github.com/mattn/go-sqlite3" // the driver «sqlite3»
)

// Items is how many items there are: the numbers from 0.
const Items = 1000

// DSN is the data source name of the notes in folder dir.
func DSN(dir string) string {
	return "file:" + filepath.Join(dir, "notes.db") + "?_journal_mode=WAL&_busy_timeout=2000"
}

// File is the name of the file of item id in folder dir.
func File(dir, id string) string { return filepath.Join(dir, "item-"+filepath.Base(id)+".txt") }

// Seed fills an empty folder with notes and files.
func Seed(dir string) error {
	db, err := sql.Open("sqlite3", DSN(dir))
	if err != nil {
		return err
	}
	defer db.Close()
	_, err = db.Exec("CREATE TABLE notes (id INTEGER PRIMARY KEY, body TEXT);" +
		"WITH RECURSIVE n(i) AS (SELECT 0 UNION ALL SELECT i+1 FROM n WHERE i < 999)" +
		"INSERT INTO notes SELECT i, 'note ' || i FROM n")
	if err != nil {
		return err
	}
	for i := range Items {
		name := File(dir, fmt.Sprint(i))
		if err := os.WriteFile(name, fmt.Appendf(nil, "file %d", i), 0o666); err != nil {
			return err
		}
	}
	return nil
}
