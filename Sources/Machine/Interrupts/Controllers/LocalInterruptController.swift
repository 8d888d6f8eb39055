import Boot
public import Foundations
import Synchronization

/// The interrupt controller inside the CPU that runs: its local APIC.
///
/// Source: Intel SDM vol. 3A, chapter 11. In x2APIC mode where the CPU has it.
public enum LocalInterruptController {
  /// The vectors of the controller's own interrupts, from `Specs/interrupts.json`; each at least 32.
  public struct Vectors: Sendable {
    /// Raised when a request was withdrawn before it was taken.
    public var spurious: UInt8
    /// Raised when the controller finds an error.
    public var error: UInt8
    /// Raised by the timer.
    public var timer: UInt8
    /// Wakes a CPU to look for work.
    public var reschedule: UInt8
    /// Makes a CPU run a function.
    public var call: UInt8
    /// Makes a CPU drop translations.
    public var translation: UInt8
    /// Stops a CPU for good.
    public var stop: UInt8

    /// Creates the set.
    public init(
      spurious: UInt8, error: UInt8, timer: UInt8, reschedule: UInt8, call: UInt8, translation: UInt8, stop: UInt8
    ) {
      self.spurious = spurious
      self.error = error
      self.timer = timer
      self.reschedule = reschedule
      self.call = call
      self.translation = translation
      self.stop = stop
    }

    fileprivate var areUsable: Bool {
      min(min(min(spurious, error), min(timer, reschedule)), min(min(call, translation), stop)) >= 32
    }
  }

  private static let baseRegister: UInt32 = 0x1b
  private static let baseIsEnabled: UInt64 = 1 << 11
  private static let baseIsX2: UInt64 = 1 << 10
  private static let baseAddress: UInt64 = 0xf_ffff_f000
  private static let deadlineRegister: UInt32 = 0x6e0

  // SAFETY (section): written by `start`, on the boot CPU while it is alone, and only read afterwards.
  nonisolated(unsafe) private static var isX2 = false
  nonisolated(unsafe) private static var page: UInt64 = 0
  nonisolated(unsafe) private static var chosenVectors = Vectors(
    spurious: 255, error: 255, timer: 255, reschedule: 255, call: 255, translation: 255, stop: 255)
  static var vectors: Vectors { unsafe chosenVectors }

  /// Whether `start` has run.
  public static var isStarted: Bool { unsafe page != 0 || isX2 }
  /// Whether registers are reached as model-specific registers, which also have 32-bit CPU numbers.
  public static var isX2APIC: Bool { unsafe isX2 }
  /// Whether the timer can wait for a value of the time-stamp counter. Source: Intel SDM vol. 3A, 11.5.4.1.
  public static var hasDeadlineTimer: Bool { apus_read_cpuid(1, 0).ecx & 1 << 24 != 0 }

  /// Finds the boot CPU's controller and turns it on.
  ///
  /// - Throws: `ENODEV` when there is none, `EINVAL` when a vector is an exception's, `ENOMEM`.
  /// - Context: once, on the boot CPU, interrupts off.
  public static func start(_ newVectors: Vectors) throws(Errno) {
    guard newVectors.areUsable else { throw .EINVAL }
    let features = apus_read_cpuid(1, 0)
    guard features.edx & 1 << 9 != 0 else { throw .ENODEV }
    let base = apus_read_msr(baseRegister) & baseAddress
    if features.ecx & 1 << 21 != 0 {
      unsafe isX2 = true
    } else {
      _ = try DeviceSpace.mapReserved(base..<base + 4096)
      unsafe page = DeviceMap.address(of: base)
    }
    unsafe chosenVectors = newVectors
    startHere()
  }

  /// Turns on the controller of the CPU that runs.
  static func startHere() {
    let isX2 = unsafe isX2
    let vectors = vectors
    let base = apus_read_msr(baseRegister) | baseIsEnabled
    apus_write_msr(baseRegister, base)
    if isX2 { apus_write_msr(baseRegister, base | baseIsX2) }
    with {
      $0.start(spurious: vectors.spurious, error: vectors.error)
    } x2: {
      $0.start(spurious: vectors.spurious, error: vectors.error)
    }
  }

  /// Runs the one of two bodies that is for the form in use.
  @inline(__always)
  private static func with<Result>(
    _ memory: (borrowing MemoryLocalAPIC<PageSpace>) -> Result,
    x2 registers: (borrowing RegisterLocalAPIC<ProcessorRegisters>) -> Result
  ) -> Result {
    if unsafe isX2 { return registers(RegisterLocalAPIC(ProcessorRegisters())) }
    return memory(MemoryLocalAPIC(PageSpace(address: unsafe page)))
  }

  /// The number by which messages reach this CPU.
  public static var number: UInt32 {
    with {
      $0.number
    } x2: {
      $0.number
    }
  }

  /// The version register.
  public static var version: UInt8 {
    with {
      $0.versionRegister.version
    } x2: {
      $0.versionRegister.version
    }
  }

  /// Ends the interrupt that is being served, so that others of its priority and below can come.
  @inline(__always)
  public static func endInterrupt() {
    with {
      $0.endInterrupt()
    } x2: {
      $0.endInterrupt()
    }
  }

  /// Ends interrupts on this CPU that nothing serves any more, whose ends did not arrive: they would keep all of their priority and below
  /// away for ever.
  ///
  /// - Parameter isServing: whether an interrupt is being served, which is not one of them.
  /// - Returns: the lowest vector of them; nil where there are none.
  /// - Context: interrupts off.
  public static func endForgotten(isServing: Bool) -> UInt8? {
    with {
      $0.endForgotten(isServing: isServing)
    } x2: {
      $0.endForgotten(isServing: isServing)
    }
  }

  /// Interrupts this CPU with the spurious vector, whose handler ends nothing, so that it stays in service: for tests.
  public static func forgetEnd() {
    send(LocalAPICCommand(vector: vectors.spurious, shorthand: .itself))
  }

  /// The errors since this was last asked, as the bits of ESR. Source: Intel SDM vol. 3A, 11.5.3.
  public static func takeErrors() -> UInt32 {
    with {
      $0.takeErrors().rawValue
    } x2: {
      $0.takeErrors().rawValue
    }
  }

  /// Makes pin `index`, 0 or 1, deliver an NMI on this CPU.
  public static func connectNonMaskable(to index: Int, isActiveLow: Bool) {
    with {
      $0.connectNonMaskable(to: index, isActiveLow: isActiveLow)
    } x2: {
      $0.connectNonMaskable(to: index, isActiveLow: isActiveLow)
    }
  }

  // MARK: Messages

  /// Sends `command` to the CPU with number `destination`.
  @inline(__always)
  static func send(_ command: LocalAPICCommand, to destination: UInt32 = 0) {
    let wereEnabled = InterruptGuard.disable()
    with {
      $0.send(command, to: destination)
    } x2: {
      $0.send(command, to: destination)
    }
    InterruptGuard.restore(wereEnabled)
  }

  // MARK: Timer

  /// Prepares this CPU's timer: one interrupt each time it is armed.
  ///
  /// - Parameter usesDeadline: whether it is armed with a value of the time-stamp counter.
  public static func startTimer(usesDeadline: Bool) {
    var vector = LocalAPIC.VectorTimer()
    vector.vector = vectors.timer
    vector.isMasked = false
    vector.mode = usesDeadline && hasDeadlineTimer ? .deadline : .oneShot
    var divide = LocalAPIC.TimerDivide()
    divide.divisor = .by1
    with {
      $0.writeTimerDivide(divide); $0.writeVectorTimer(vector)
    } x2: {
      $0.writeTimerDivide(divide)
      $0.writeVectorTimer(vector)
    }
    apus_memory_fence()
  }

  /// Makes this CPU's timer interrupt after `ticks` of its own clock; 0 stops it.
  @inline(__always)
  public static func armTimer(ticks: UInt32) {
    with {
      $0.writeTimerInitialCount(ticks)
    } x2: {
      $0.writeTimerInitialCount(ticks)
    }
  }

  /// Makes this CPU's timer interrupt when the time-stamp counter reaches `value`; 0 stops it.
  @inline(__always)
  public static func armTimer(timestamp value: UInt64) { apus_write_msr(deadlineRegister, value) }

  /// The ticks that are left until the timer interrupts.
  public static var timerRemaining: UInt32 {
    with {
      $0.timerRemaining
    } x2: {
      $0.timerRemaining
    }
  }
}

/// The page of the local APIC, whose accesses are single moves to a known address.
struct PageSpace: RegisterSpace, ~Copyable {
  let address: UInt64

  // SAFETY (section): `address` is the controller's page, mapped for good; generated registers lie inside.
  func read8(at offset: Int) -> UInt8 { apus_device_read8(address &+ UInt64(offset)) }
  func read16(at offset: Int) -> UInt16 { apus_device_read16(address &+ UInt64(offset)) }
  @inline(__always)
  func read32(at offset: Int) -> UInt32 { apus_device_read32(address &+ UInt64(truncatingIfNeeded: offset)) }
  func read64(at offset: Int) -> UInt64 { apus_device_read64(address &+ UInt64(offset)) }
  func write8(_ value: UInt8, at offset: Int) { apus_device_write8(address &+ UInt64(offset), value) }
  func write16(_ value: UInt16, at offset: Int) { apus_device_write16(address &+ UInt64(offset), value) }
  @inline(__always)
  func write32(_ value: UInt32, at offset: Int) {
    apus_device_write32(address &+ UInt64(truncatingIfNeeded: offset), value)
  }
  func write64(_ value: UInt64, at offset: Int) { apus_device_write64(address &+ UInt64(offset), value) }
}
