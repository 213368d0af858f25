// Which field a column of CSV is by its name: the server's own rules (src/api/import/columns.rs), so that the dialogue can show what
// will happen. Where nobody changes anything the server decides by itself; a test holds the two tables together.

import type { Collection } from "./schema";

/** What others call the fields, as letters and digits only. */
export const names: { [kind: string]: { [field: string]: string[] } } = {
  contacts: {
    name: ["displayname", "fullname", "formattedname"],
    firstname: ["givenname"],
    lastname: ["familyname", "surname"],
    middlename: ["additionalname"],
    prefix: ["nameprefix", "honorificprefix"],
    suffix: ["namesuffix", "honorificsuffix"],
    company: ["organization", "organisation", "organizationname", "organization1name"],
    department: ["organizationdepartment", "organization1department"],
    title: ["jobtitle", "organizationtitle", "organization1title"],
    phone: ["homephone", "phone1value", "telephone"],
    workphone: ["businessphone", "companymainphone"],
    mobile: ["mobilephone", "cell", "cellphone"],
    fax: ["homefax", "businessfax"],
    email: ["emailaddress", "email1", "email1value", "mail"],
    email2: ["email2address", "email2value"],
    street: ["homestreet", "address1street", "address"],
    city: ["homecity", "address1city"],
    state: ["homestate", "address1region", "region"],
    zip: ["homepostalcode", "postalcode", "address1postalcode", "zipcode"],
    country: ["homecountry", "homecountryregion", "address1country"],
    web: ["webpage", "website", "website1value", "url", "personalwebpage"],
    birthday: ["birthdate", "dateofbirth"],
    note: ["notes"],
    categories: ["groupmembership", "labels"],
  },
  calendar: {
    title: ["subject", "summary"],
    start: ["starttime", "begin", "dtstart"],
    end: ["endtime", "dtend"],
    allday: ["alldayevent"],
    location: ["place", "where"],
    note: ["description", "notes"],
  },
  todo: {
    title: ["subject", "summary", "task"],
    note: ["description", "notes"],
    due: ["duedate"],
    start: ["startdate"],
    completed: ["datecompleted"],
  },
};

const plain = (text: string): string => [...text.replace(/[^\p{Alphabetic}\p{N}]/gu, "")].map((letter) => letter.toLowerCase()).join("");

/** A field for each column, empty for none; of two columns that mean one field the first is it. */
export function fieldsOf(header: string[], { fields, kind }: Pick<Collection, "fields" | "kind">): string[] {
  const taken = new Set<string>();
  return header.map((column) => {
    const name = plain(column);
    const known = Object.entries(names[kind] ?? {}).find(([, others]) => others.includes(name))?.[0];
    const found = fields.find((field) => plain(field.name) === name) ?? fields.find((field) => field.name === known);
    if (!found || taken.has(found.name)) return "";
    taken.add(found.name);
    return found.name;
  });
}
