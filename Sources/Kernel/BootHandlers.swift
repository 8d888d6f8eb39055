import Foundations
import Interrupts
import Machine

/// The functions behind the boot steps. Each is in a file with its neighbours: `BootHandlers+….swift`.
enum BootHandlers {
  static func console(_ state: inout BootState) -> BootOutcome { .done("serial") }
  static func cpuDetection(_ state: inout BootState) -> BootOutcome { .done("") }
}
