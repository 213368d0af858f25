// What a database answers to a batch of statements, as plain data. Nothing of Node's: this runs in workerd as well.

/** What the database says to a batch, all or nothing as D1's batches are; what it does not take is an answer too. */
export async function answer(database, read) {
  try {
    return { results: await passThrough(database, read()) };
  } catch (error) {
    return { error: error.message };
  }
}

async function passThrough(database, batch) {
  const results = await database.batch(batch.map(({ sql, params }) => database.prepare(sql).bind(...params)));
  return results.map(({ results, meta }) => ({
    rows: results.map(Object.values),
    read: meta.rows_read ?? 0,
    written: meta.rows_written ?? 0,
  }));
}
