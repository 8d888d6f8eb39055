public import Foundations
public import Machine

/// The interrupt lines of the machine: the inputs of its I/O APICs, by their global numbers.
///
/// What the lines are comes from ACPI's MADT; boot adds each controller and each override. Lock order: the lines' lock comes
/// before `DeviceVectors`' and a line's own.
public enum InterruptLines {
  /// Where an ISA line really goes.
  public struct Override: Sendable {
    /// The input's global number.
    public var global: UInt32
    /// Its signal.
    public var signal: IOInterruptController.Signal
  }

  struct Controller: ~Copyable {
    var first: Int
    var core: IOInterruptController
  }

  struct State: ~Copyable {
    var controllers = GrowableArray<Controller>()
    var overrides = InlineArray<16, Override?>(repeating: nil)
    var lines = GrowableArray<InterruptLine>()
  }

  private static let state = SpinLock(State())

  /// Adds the I/O APIC at a physical address, whose inputs have global numbers from `first` on.
  ///
  /// - Returns: how many inputs it has.
  /// - Throws: `ENODEV` when nothing answers there, `EINVAL` when the numbers are taken or absurd, `ENOMEM`.
  public static func addController(at address: UInt64, first: UInt32) throws(Errno) -> Int {
    guard first < 1 << 16 else { throw .EINVAL }
    let controller = try IOInterruptController(at: address)
    let count = controller.inputCount
    let numbers = Int(first)..<Int(first) + count
    var added: Controller? = Controller(first: Int(first), core: controller)
    try state.withLock { state throws(Errno) in
      for index in 0..<state.controllers.count {
        let other =
          state.controllers[index].first..<state.controllers[index].first
          + state.controllers[index].core.inputCount
        guard !other.overlaps(numbers) else { throw .EINVAL }
      }
      if let controller = added.take() { try state.controllers.append(controller) }
    }
    return count
  }

  /// Notes that ISA line `line`, 0..<16, is the input with the number `global`.
  public static func override(isa line: UInt8, global: UInt32, _ signal: IOInterruptController.Signal) {
    guard line < 16 else { return }
    state.withLock { $0.overrides[Int(line)] = Override(global: global, signal: signal) }
  }

  /// Where ISA line `line` really goes; nil when it is the input of the same number with ISA's signal.
  public static func override(isa line: UInt8) -> Override? {
    line < 16 ? state.withLock { $0.overrides[Int(line)] } : nil
  }

  /// How many inputs there are.
  public static var inputCount: Int {
    state.withLock { state in
      var sum = 0
      for index in 0..<state.controllers.count { sum += state.controllers[index].core.inputCount }
      return sum
    }
  }

  /// Lets `handler` serve ISA line `line`, wherever that really goes.
  ///
  /// - Throws: what `connect(global:)` throws.
  public static func connect(isa line: UInt8, handler: InterruptHandler) throws(Errno) -> InterruptConnection {
    guard line < 16 else { throw .EINVAL }
    let found = state.withLock { $0.overrides[Int(line)] }
    guard let found else { return try connect(global: UInt32(line), .isa, handler: handler) }
    return try connect(global: found.global, found.signal, handler: handler)
  }

  /// Lets `handler` serve the input with the number `global`, which it may share with others if the signal or all of
  /// them allow.
  ///
  /// - Parameter processors: CPUs of which one is to be interrupted, one bit each; counts only for the line's first handler.
  /// - Throws: `ENODEV` when no controller has the input, `EBUSY` when the line is in use with another signal or cannot be
  ///   shared, `ENOSPC` when no vector is left, `ENOMEM`.
  /// - Context: no lock is held.
  public static func connect(
    global: UInt32, _ signal: IOInterruptController.Signal, on processors: UInt64 = .max, handler: InterruptHandler
  ) throws(Errno) -> InterruptConnection {
    while true {
      let line = try line(Int(global), signal, on: processors)
      do throws(Errno) {
        guard let number = try line.add(handler) else { continue }
        setMask(line.global, false)
        return InterruptConnection(line: line, number: number)
      } catch {
        line.removeIfUnused()
        throw error
      }
    }
  }

  /// The line with the number `global`, set up if it is not in use yet.
  private static func line(
    _ global: Int, _ signal: IOInterruptController.Signal, on processors: UInt64
  ) throws(Errno) -> InterruptLine {
    if let line = existing(global) {
      guard line.signal == signal else { throw .EBUSY }
      return line
    }
    guard let (vector, processor) = DeviceVectors.take(on: processors) else { throw .ENOSPC }
    let line = InterruptLine(global: global, signal: signal, vector: vector, processor: processor)
    do throws(Errno) {
      guard let destination = Processor.localAPIC(of: processor) else { throw .ENOSPC }
      try state.withLock { state throws(Errno) in
        for index in 0..<state.controllers.count {
          let input = global - state.controllers[index].first
          guard input >= 0, input < state.controllers[index].core.inputCount else { continue }
          try state.controllers[index].core.route(input, signal, to: destination, vector: vector)
          try state.lines.append(line)
          return
        }
        throw .ENODEV
      }
    } catch {
      DeviceVectors.release(vector, on: processor)
      throw error
    }
    VectorHandlers.set(line, for: vector, on: processor)
    return line
  }

  private static func existing(_ global: Int) -> InterruptLine? {
    state.withLock { state in
      for index in 0..<state.lines.count where state.lines[index].global == global { return state.lines[index] }
      return nil
    }
  }

  /// Keeps the input with the number `global` from interrupting, or lets it.
  static func setMask(_ global: Int, _ isMasked: Bool) {
    state.withLock { state in
      for index in 0..<state.controllers.count {
        state.controllers[index].core.setMask(global - state.controllers[index].first, isMasked)
      }
    }
  }

  /// Forgets `line`, which nobody uses any more, and masks its input.
  static func remove(_ line: InterruptLine) {
    setMask(line.global, true)
    state.withLock { state in
      for index in 0..<state.lines.count where state.lines[index] === line {
        _ = state.lines.remove(at: index)
        break
      }
    }
    DeviceVectors.release(line.vector, on: line.processor)
  }

  /// The line in use with the lowest number for programs above `number`, or of all.
  static func line(after number: Int?) -> InterruptLine? {
    var found: InterruptLine?
    forEach { line in
      guard number.map({ line.number > $0 }) ?? true else { return }
      if found.map({ line.number < $0.number }) ?? true { found = line }
    }
    return found
  }

  /// The number by which programs know the input `global`: that of the ISA line which goes there, if one does.
  static func number(ofGlobal global: Int) -> Int {
    for line in UInt8(0)..<16 {
      guard let override = override(isa: line) else { continue }
      if Int(override.global) == global { return Int(line) }
    }
    return global
  }

  /// Runs `body` with each line in use, in the order in which they were set up.
  static func forEach(_ body: (InterruptLine) -> Void) {
    var index = 0
    while true {
      let line: InterruptLine? = state.withLock { index < $0.lines.count ? $0.lines[index] : nil }
      guard let line else { return }
      body(line)
      index += 1
    }
  }
}

/// A driver's place on an interrupt line. Dropping it leaves the line.
public struct InterruptConnection: ~Copyable {
  let line: InterruptLine
  let number: Int

  /// The line's global number.
  public var global: Int { line.global }
  /// The number by which programs know the line.
  public var programNumber: Int { line.number }
  /// The CPU that is interrupted.
  public var processor: Int { line.processor }
  /// Whether the line was masked because nobody served it.
  public var isMaskedByStorm: Bool { line.isMaskedByStorm }

  /// The device was served for which a handler that leaves that to others has noted an interrupt.
  ///
  /// - Context: no lock is held.
  public func finish() { line.finish(number) }

  deinit { line.remove(number) }
}
