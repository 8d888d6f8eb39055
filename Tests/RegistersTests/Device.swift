/// The specs of registers.
enum Device: String, CaseIterable {
  case serialPort, intervalTimer, systemControl, interruptController, edgeLevelControl, clock, eventTimer, ioAPIC,
    localAPIC, keyboardController, watchdog, watchdogConfiguration, panicDevice
  case modelSpecific, identification

  /// All that is generated from it.
  var cases: CaseList {
    switch self {
    case .serialPort: uart16550Cases()
    case .intervalTimer: pit8254Cases()
    case .systemControl: system_controlCases()
    case .interruptController: pic8259Cases()
    case .edgeLevelControl: elcrCases()
    case .clock: rtc_mc146818Cases()
    case .eventTimer: hpetCases()
    case .ioAPIC: io_apicCases()
    case .localAPIC: local_apicCases()
    case .keyboardController: i8042Cases()
    case .watchdog: i6300esbCases()
    case .watchdogConfiguration: i6300esb_configurationCases()
    case .panicDevice: pvpanicCases()
    case .modelSpecific: msrCases()
    case .identification: cpuidCases()
    }
  }
}
