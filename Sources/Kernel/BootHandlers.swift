import BootInformation
import Foundations
import Machine

/// The functions behind the boot steps, one a step, named in `Specs/boot-steps.json`. Related ones share a file.
enum BootHandlers {
  /// Reports the consoles that `BootSequence` opened in order to show this step at all.
  static func console(_ state: inout BootState) -> BootOutcome {
    let summary = Consoles.summary
    guard summary.count > 0 else { return .failed("neither a serial port nor a screen answers") }
    return .done(summary)
  }
}
