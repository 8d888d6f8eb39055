import ACPI
import Foundations
import Interrupts
import Logging
import Machine

/// What the MADT says of interrupts and CPUs, made into what the machine is told.
enum InterruptTopology {
  /// The CPUs to start.
  struct Processors {
    /// The local APICs' numbers, in the table's order, without the CPU that runs.
    var localAPICs = InlineArray<64, UInt32>(repeating: 0)
    var count = 0
    /// Usable CPUs for which there is no room.
    var leftOut = 0
  }

  /// The MADT, or nil when there is none or it makes no sense.
  static func madt(_ firmware: borrowing FirmwareTables?) -> MADT? {
    switch firmware {
    case .none: return nil
    case .some(let tables):
      guard let table = tables.table("APIC") else { return nil }
      do throws(ACPITableError) {
        return try MADT(table)
      } catch {
        KernelLog.add(.error, .interrupts, "the MADT is refused: \(error.reason)")
        return nil
      }
    }
  }

  /// Takes over the I/O APICs, and notes where ISA's lines go.
  ///
  /// - Returns: how many inputs there are.
  static func addControllers(_ madt: borrowing MADT) -> Int {
    madt.forEach { entry in
      switch entry {
      case .ioAPIC(let identifier, let address, let first):
        do throws(Errno) {
          let count = try InterruptLines.addController(at: UInt64(address), first: first)
          KernelLog.add(
            .debug, .interrupts,
            "I/O APIC \(UInt64(identifier)) at \(hex: UInt64(address)): lines \(UInt64(first)) to \(Int(first) + count - 1)"
          )
        } catch {
          KernelLog.add(.error, .interrupts, "I/O APIC \(UInt64(identifier)) is left out: error \(error.rawValue)")
        }
      case .interruptOverride(let source, let interrupt, let wiring):
        InterruptLines.override(isa: source, global: interrupt, wiring.signal)
      default: break
      }
    }
    NonMaskableInputs(madt).connect()
    return InterruptLines.inputCount
  }

  /// The CPUs that can be started.
  static func processors(_ madt: borrowing MADT) -> Processors {
    var processors = Processors()
    let own = LocalInterruptController.number
    madt.forEach { entry in
      guard case .processor(let number, _, let isEnabled, _) = entry, isEnabled, number != own else { return }
      guard LocalInterruptController.isX2APIC || number < 255 else { return }
      for index in 0..<processors.count where processors.localAPICs[index] == number { return }
      guard processors.count < Processor.limit - 1 else {
        processors.leftOut += 1
        return
      }
      processors.localAPICs[processors.count] = number
      processors.count += 1
    }
    return processors
  }
}

extension MADT.Wiring {
  /// The signal, where the bus is ISA.
  var signal: IOInterruptController.Signal {
    IOInterruptController.Signal(isLevelTriggered: trigger == .level, isActiveLow: polarity == .activeLow)
  }
}

/// Which pin of local APICs delivers NMIs.
struct NonMaskableInputs: Sendable {
  private struct Input: Sendable {
    var pin: Int
    var isActiveLow: Bool
  }

  /// What holds for all CPUs; firmware that tells CPUs apart is not known.
  private var input: Input?

  init(_ madt: borrowing MADT) {
    var found: Input?
    madt.forEach { entry in
      guard case .localNonmaskable(_, let pin, let wiring) = entry, pin < 2 else { return }
      found = Input(pin: Int(pin), isActiveLow: wiring.polarity == .activeLow)
    }
    input = found
  }

  /// Lets NMIs reach the CPU that runs.
  func connect() {
    if let input { LocalInterruptController.connectNonMaskable(to: input.pin, isActiveLow: input.isActiveLow) }
  }
}
