// What a device is called in a list: what it says it is; the phones of this console, which all say the same, by their letters.

export function deviceName({ device, deviceName: said }: { device: string; deviceName?: string | undefined }): string {
  const [, letter] = /^page-phone-([a-z])-[0-9a-f]{8}$/.exec(device) ?? [];
  if (letter) return `Phone ${letter.toUpperCase()} in a page`;
  return said || device || "Unknown device";
}
