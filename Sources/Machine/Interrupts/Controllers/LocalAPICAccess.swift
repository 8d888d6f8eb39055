import Foundations

/// What the kernel does with a CPU's local APIC, in either of its two forms.
///
/// Source: Intel SDM vol. 3A, 11.4 and 11.12.
protocol LocalAPICAccess: ~Copyable {
  /// The number by which messages reach the CPU.
  var number: UInt32 { get }
  /// What the local APIC is.
  var versionRegister: LocalAPIC.Version { get }
  /// The switch and the spurious vector.
  func writeSpuriousVector(_ value: LocalAPIC.SpuriousVector)
  /// Which vectors wait.
  func writeTaskPriority(_ value: LocalAPIC.TaskPriority)
  /// The interrupt for the local APIC's own errors.
  func writeVectorError(_ value: LocalAPIC.VectorError)
  /// The interrupt of pin LINT0 or LINT1.
  func writeVectorInput(_ value: LocalAPIC.LocalInput, at index: Int)
  /// The interrupt of the timer.
  func writeVectorTimer(_ value: LocalAPIC.VectorTimer)
  /// The interrupt for corrected machine checks, the thermal sensor, the performance counters, as far as there are such.
  func maskOptionalVectors(lastEntry: UInt8)
  /// How much slower than its clock the timer counts.
  func writeTimerDivide(_ value: LocalAPIC.TimerDivide)
  /// What the timer counts from.
  func writeTimerInitialCount(_ count: UInt32)
  /// What the timer has left.
  var timerRemaining: UInt32 { get }
  /// The errors since this was last read.
  func takeErrors() -> LocalAPIC.ErrorStatus
  /// Ends the interrupt in service.
  func endInterrupt()
  /// Sends a message. Waits until the one before has left.
  func send(_ command: LocalAPICCommand, to destination: UInt32)
  /// Which of the vectors from 32 × `word` on are being served now, one bit each; `word` is 0 to 7.
  func inService(word: Int) -> UInt32
  /// Whether `vector` waits to be served.
  func isRequested(_ vector: UInt8) -> Bool
}

/// A message to CPUs.
struct LocalAPICCommand {
  var vector: UInt8 = 0
  var mode: LocalAPIC.DeliveryMode = .fixed
  var shorthand: LocalAPIC.Shorthand = .destination
}

/// The local APIC through its page of memory.
struct MemoryLocalAPIC<Space: RegisterSpace & ~Copyable>: LocalAPICAccess, ~Copyable {
  private let registers: LocalAPICRegisters<Space>
  /// How often a message that does not leave is looked at. It takes microseconds, if the bus is not dead.
  private static var sendAttempts: Int { 1_000_000 }

  init(_ space: consuming Space) { registers = LocalAPICRegisters(space) }

  var number: UInt32 { UInt32(registers.identifier.number) }
  var versionRegister: LocalAPIC.Version { registers.version }
  func writeSpuriousVector(_ value: LocalAPIC.SpuriousVector) { registers.spuriousVector = value }
  func writeTaskPriority(_ value: LocalAPIC.TaskPriority) { registers.taskPriority = value }
  func writeVectorError(_ value: LocalAPIC.VectorError) { registers.vectorError = value }
  func writeVectorInput(_ value: LocalAPIC.LocalInput, at index: Int) {
    if index == 0 { registers.vectorInput0 = value } else { registers.vectorInput1 = value }
  }
  func writeVectorTimer(_ value: LocalAPIC.VectorTimer) { registers.vectorTimer = value }
  func maskOptionalVectors(lastEntry: UInt8) {
    var masked = LocalAPIC.LocalEvent()
    masked.isMasked = true
    if lastEntry >= 4 { registers.vectorPerformance = masked }
    if lastEntry >= 5 { registers.vectorThermal = masked }
    if lastEntry >= 6 { registers.vectorCorrectedMachineCheck = masked }
  }
  func writeTimerDivide(_ value: LocalAPIC.TimerDivide) { registers.timerDivide = value }
  @inline(__always)
  func writeTimerInitialCount(_ count: UInt32) { registers.timerInitialCount = count }
  var timerRemaining: UInt32 { registers.timerCurrentCount }
  func takeErrors() -> LocalAPIC.ErrorStatus {
    registers.writeErrorStatus(LocalAPIC.ErrorStatus())
    return registers.errorStatus
  }
  @inline(__always)
  func endInterrupt() { registers.endOfInterrupt = 0 }
  @inline(__always)
  func send(_ command: LocalAPICCommand, to destination: UInt32) {
    var attempts = Self.sendAttempts
    while registers.interruptCommandLow.isPending, attempts > 0 { attempts &-= 1 }
    var high = LocalAPIC.InterruptCommandHigh()
    high.destination = UInt8(truncatingIfNeeded: destination)
    registers.interruptCommandHigh = high
    var low = LocalAPIC.InterruptCommandLow()
    low.vector = command.vector
    low.deliveryMode = command.mode
    low.level = true
    low.shorthand = command.shorthand
    registers.interruptCommandLow = low
  }
  func inService(word: Int) -> UInt32 { registers.inService(at: word) }
  func isRequested(_ vector: UInt8) -> Bool {
    registers.interruptRequest(at: Int(vector >> 5)) & 1 << UInt32(vector & 31) != 0
  }
}

/// The local APIC in x2APIC mode, through model-specific registers.
struct RegisterLocalAPIC<Space: ModelSpecificRegisterSpace & ~Copyable>: LocalAPICAccess, ~Copyable {
  private let registers: X2APICRegisters<Space>

  init(_ space: consuming Space) { registers = X2APICRegisters(space) }

  var number: UInt32 { registers.extendedIdentifier }
  var versionRegister: LocalAPIC.Version { registers.version }
  func writeSpuriousVector(_ value: LocalAPIC.SpuriousVector) { registers.spuriousVector = value }
  func writeTaskPriority(_ value: LocalAPIC.TaskPriority) { registers.taskPriority = value }
  func writeVectorError(_ value: LocalAPIC.VectorError) { registers.vectorError = value }
  func writeVectorInput(_ value: LocalAPIC.LocalInput, at index: Int) {
    if index == 0 { registers.vectorInput0 = value } else { registers.vectorInput1 = value }
  }
  func writeVectorTimer(_ value: LocalAPIC.VectorTimer) { registers.vectorTimer = value }
  func maskOptionalVectors(lastEntry: UInt8) {
    var masked = LocalAPIC.LocalEvent()
    masked.isMasked = true
    if lastEntry >= 4 { registers.vectorPerformance = masked }
    if lastEntry >= 5 { registers.vectorThermal = masked }
    if lastEntry >= 6 { registers.vectorCorrectedMachineCheck = masked }
  }
  func writeTimerDivide(_ value: LocalAPIC.TimerDivide) { registers.timerDivide = value }
  @inline(__always)
  func writeTimerInitialCount(_ count: UInt32) { registers.timerInitialCount = count }
  var timerRemaining: UInt32 { registers.timerCurrentCount }
  func takeErrors() -> LocalAPIC.ErrorStatus {
    registers.writeErrorStatus(LocalAPIC.ErrorStatus())
    return registers.errorStatus
  }
  @inline(__always)
  func endInterrupt() { registers.endOfInterrupt = 0 }
  @inline(__always)
  func send(_ command: LocalAPICCommand, to destination: UInt32) {
    var value = LocalAPIC.InterruptCommand()
    value.vector = command.vector
    value.deliveryMode = command.mode
    value.level = true
    value.shorthand = command.shorthand
    value.destination = destination
    registers.interruptCommand = value
  }
  func inService(word: Int) -> UInt32 { registers.inService(at: word) }
  func isRequested(_ vector: UInt8) -> Bool {
    registers.interruptRequest(at: Int(vector >> 5)) & 1 << UInt32(vector & 31) != 0
  }
}

extension LocalAPICAccess where Self: ~Copyable {
  /// Whether `vector` is being served now.
  func isInService(_ vector: UInt8) -> Bool { inService(word: Int(vector >> 5)) & 1 << UInt32(vector & 31) != 0 }

  /// Ends whatever is in service below what is being served, which nothing serves any more: its end did not arrive.
  ///
  /// An interrupt is ended before another is taken, so of several in service all but the highest were forgotten. Only the highest can be
  /// ended; so it is, too, and its own end finds nothing.
  ///
  /// - Parameter isServing: whether an interrupt is being served.
  /// - Returns: the lowest vector that was ended so; nil where there was none.
  func endForgotten(isServing: Bool) -> UInt8? {
    var (count, lowest) = (0, UInt8(0))
    // The first 32 are exceptions.
    for word in 1..<8 {
      let bits = inService(word: word)
      if bits != 0, count == 0 { lowest = UInt8(truncatingIfNeeded: word * 32 + bits.trailingZeroBitCount) }
      count += bits.nonzeroBitCount
    }
    guard count > (isServing ? 1 : 0) else { return nil }
    for _ in 0..<count { endInterrupt() }
    return lowest
  }

  /// Makes the local APIC take interrupts: everything masked but errors, and on CPUs that firmware wires so, NMI at LINT1.
  func start(spurious: UInt8, error: UInt8) {
    var open = LocalAPIC.TaskPriority()
    open.priorityClass = 0
    writeTaskPriority(open)
    var masked = LocalAPIC.LocalInput()
    masked.isMasked = true
    writeVectorInput(masked, at: 0)
    writeVectorInput(masked, at: 1)
    maskOptionalVectors(lastEntry: versionRegister.lastVectorEntry)
    var timer = LocalAPIC.VectorTimer()
    timer.isMasked = true
    writeVectorTimer(timer)
    writeTimerInitialCount(0)
    var errors = LocalAPIC.VectorError()
    errors.vector = error
    errors.isMasked = false
    writeVectorError(errors)
    _ = takeErrors()
    // Interrupts that an earlier owner, firmware or a kernel before this one, took and never ended.
    for vector in stride(from: 255, through: 32, by: -1) where isInService(UInt8(vector)) { endInterrupt() }
    var spuriousVector = LocalAPIC.SpuriousVector()
    spuriousVector.vector = spurious
    spuriousVector.isEnabled = true
    writeSpuriousVector(spuriousVector)
  }

  /// Makes pin `index` deliver an NMI, as the MADT may say that it is wired.
  func connectNonMaskable(to index: Int, isActiveLow: Bool) {
    var input = LocalAPIC.LocalInput()
    input.deliveryMode = .nonMaskable
    input.isMasked = false
    input.polarity = isActiveLow ? .activeLow : .activeHigh
    writeVectorInput(input, at: index)
  }
}
