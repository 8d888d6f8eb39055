public import Foundations
import Machine

/// The device as its registers show it. Source: QEMU, docs/specs/edu.rst.
public struct EducationalDevice<Space: RegisterSpace & ~Copyable>: ~Copyable {
  private let registers: EducationalRegisters<Space>

  /// Looks whether `space` is that of the device.
  ///
  /// - Throws: `ENODEV` when it is not, or does not invert numbers.
  public init(_ space: consuming Space) throws(Errno) {
    registers = EducationalRegisters(space)
    let identification = registers.identification
    guard identification.signature == 0xed, isAlive else { throw .ENODEV }
  }

  /// Whether it is there and does what it should.
  public var isAlive: Bool {
    let probe: UInt32 = 0x5a17_c0de
    registers.liveness = probe
    return registers.liveness == ~probe
  }

  /// Begins to compute the factorial of `number`, after which it interrupts.
  ///
  /// - Throws: `EBUSY` while it computes another, or is gone.
  public func beginFactorial(of number: UInt32) throws(Errno) {
    let status = registers.status
    guard !status.isComputing else { throw .EBUSY }
    registers.modifyStatus { $0.interruptsWhenDone = true }
    registers.factorial = number
  }

  /// The factorial, once it has been computed.
  ///
  /// - Returns: nil while it computes.
  public func takeFactorial() -> UInt32? {
    let status = registers.status
    return status.isComputing ? nil : registers.factorial
  }

  /// Where the device's own memory is for its copies, and how many bytes it has.
  public static var buffer: Range<UInt64> { 0x4_0000..<0x4_1000 }

  /// Begins to copy `count` bytes of memory at `address` to the start of its own; it takes a tenth of a second, and does not interrupt.
  ///
  /// - Throws: `EINVAL` when it has no room for that, `EBUSY` while it copies, or is gone.
  public func beginCopy(fromMemory address: UInt64, count: UInt64) throws(Errno) {
    guard count > 0, count <= UInt64(Self.buffer.count) else { throw .EINVAL }
    var command = registers.copyCommand
    guard !command.isRunning else { throw .EBUSY }
    registers.copySource = address
    registers.copyDestination = Self.buffer.lowerBound
    registers.copyCount = count
    command.isToMemory = false
    command.interruptsWhenDone = false
    command.isRunning = true
    registers.copyCommand = command
  }

  /// Takes what it has interrupted for.
  ///
  /// - Throws: `ENODEV` when it reads all ones: it is gone.
  public func takeInterrupts() throws(Errno) -> EducationalInterrupts {
    let status = registers.interruptStatus
    guard status.rawValue != .max else { throw .ENODEV }
    registers.interruptAcknowledge = status.rawValue
    return EducationalInterrupts(
      isAny: status.rawValue != 0, factorialIsDone: status.factorialIsDone, copyIsDone: status.copyIsDone)
  }

  /// Has it interrupt, for something that it never does by itself.
  public func raiseInterrupt() { registers.interruptRaise = 1 << 31 }

  /// Keeps it from interrupting.
  public func quiet() {
    registers.modifyStatus { $0.interruptsWhenDone = false }
    registers.interruptAcknowledge = .max
  }
}

/// What the device has interrupted for.
public struct EducationalInterrupts: Equatable, Sendable {
  /// There was anything.
  public var isAny: Bool
  /// A factorial has been computed.
  public var factorialIsDone: Bool
  /// Memory has been copied.
  public var copyIsDone: Bool
}
