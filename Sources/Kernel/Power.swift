import Foundations
import Machine

/// The end of the machine's work, by the best means that it has.
enum Power {
  /// Turns the machine off; where that cannot be done, stops it.
  static func off() -> Never {
    Firmware.withCurrent { $0.powerOff() }
    Machine.halt()
  }

  /// Restarts the machine: by the firmware's reset register, else by the keyboard controller or a triple fault.
  static func restart() -> Never {
    Firmware.withCurrent { $0.reset() }
    Machine.reset()
  }

  /// What the boot CPU does when boot is over: serves interrupts, and what they leave to be done.
  static func idle() -> Never {
    while true {
      // Off while it looks, so that nothing can come between looking and sleeping.
      Processor.disableInterrupts()
      if Firmware.hasWork {
        Processor.enableInterrupts()
        Firmware.withCurrent { $0.serve() }
        KernelLog.flush()
      } else {
        Processor.waitForInterrupt()
      }
    }
  }
}

/// `test=power-off` and `test=restart`: the runner sees whether QEMU ends by itself.
struct PowerTest {
  private let isOff: Bool

  /// - Returns: nil when the request is another.
  init?(_ request: Span<UInt8>) {
    let selection = NameSelection(request)
    if selection.isOnly("power-off") {
      isOff = true
    } else if selection.isOnly("restart") {
      isOff = false
    } else {
      return nil
    }
  }

  func run() -> Never { isOff ? Power.off() : Power.restart() }
}
