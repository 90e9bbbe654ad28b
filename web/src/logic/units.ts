/** Values with their units, as `devices/vocabulary.py` names them. Pure. */

const UNITS: Readonly<Record<string, string>> = {
  heart_rate: '1/min', respiration_rate: '1/min', spo2: '%', systolic: 'mmHg', diastolic: 'mmHg', blood_glucose: 'mmol/L',
  body_temperature: '°C', temperature: '°C', weight: 'kg', humidity: '%', co2: 'ppm', co: 'ppm', gas: '%LEL', pm25: 'µg/m³',
  illuminance: 'lx', noise: 'dB', power: 'W', energy: 'kWh', water: 'L', battery: '%', voltage: 'V', rssi: 'dBm', accuracy: 'm',
}

/** `188 mmHg`; `perMinute` is what a reader calls 1/min. A metric without a unit is its value alone. */
export function withUnit(metric: string, value: number, perMinute: string): string {
  const unit = UNITS[metric]
  if (unit === undefined) return String(value)
  return unit === '%' ? `${value}%` : unit === '1/min' ? `${value} ${perMinute}` : `${value} ${unit}`
}

export { UNITS }
