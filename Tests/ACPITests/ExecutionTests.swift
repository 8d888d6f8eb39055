import ACPI
import Foundations
import Machine
import Testing

/// Executions beside each other, limits, and memory.
@Suite("AML executions")
struct ExecutionTests {
  @Test("A sleep suspends its execution, and others run meanwhile")
  func sleep() throws {
    let firmware = try Firmware(
      """
      Name (CNTA, 0)
      Method (SLOW) { CNTA = 1 Sleep (30) CNTA++ Sleep (5000) Return (CNTA) }
      Method (FAST) { CNTA = CNTA + 10 Return (CNTA) }
      """)
    let interpreter = firmware.interpreter
    let slow = try interpreter.start(try firmware.node("\\SLOW"), AMLArguments(interpreter))
    #expect(try interpreter.resume(slow) == .suspended(.sleep(milliseconds: 30)))
    #expect(firmware.value("\\FAST") == "0xb")
    #expect(try interpreter.resume(slow) == .suspended(.sleep(milliseconds: 2_000)))
    #expect(interpreter.usage.executions == 1)
    #expect(try interpreter.resume(slow) == .finished)
    #expect(try interpreter.result(of: slow)?.exactInteger == 12)
    #expect(interpreter.usage.executions == 0)
    #expect(firmware.host.milliseconds == 0)
    // In one go, the host waits.
    #expect(firmware.value("\\SLOW") == "0x2")
    #expect(firmware.host.milliseconds == 2_030)
  }

  private static let locks = """
    Mutex (MTXA, 3)
    Event (EVTA)
    Method (HOLD) { Acquire (MTXA, 0xFFFF) Sleep (10) Release (MTXA) Return (1) }
    Method (TAKE) { Local0 = Acquire (MTXA, 50) If (!Local0) { Release (MTXA) } Return (Local0) }
    Method (EVER) { Acquire (MTXA, 0xFFFF) Release (MTXA) Return (7) }
    Method (PEND) { Return (Wait (EVTA, 100)) }
    Method (SIGN) { Signal (EVTA) }
    Method (SERA, 0, Serialized) { Sleep (10) Return (1) }
    Method (TEMP) { Name (TMPA, 1) Sleep (10) Return (TMPA) }
    """

  @Test("A mutex that another execution holds is waited for, with and without a limit")
  func mutexes() throws {
    let firmware = try Firmware(Self.locks)
    let interpreter = firmware.interpreter
    let holder = try interpreter.start(try firmware.node("\\HOLD"), AMLArguments(interpreter))
    #expect(try interpreter.resume(holder) == .suspended(.sleep(milliseconds: 10)))
    let other = try interpreter.start(try firmware.node("\\TAKE"), AMLArguments(interpreter))
    #expect(try interpreter.resume(other) == .suspended(.wait(milliseconds: 50)))
    #expect(try interpreter.resume(other) == .suspended(.wait(milliseconds: 50)))
    #expect(try interpreter.resume(other, isTimeOver: true) == .finished)
    #expect(try interpreter.result(of: other)?.exactInteger == UInt64.max)
    let third = try interpreter.start(try firmware.node("\\EVER"), AMLArguments(interpreter))
    #expect(try interpreter.resume(third) == .suspended(.wait(milliseconds: nil)))
    #expect(try interpreter.resume(third, isTimeOver: true) == .suspended(.wait(milliseconds: nil)))
    let fourth = try interpreter.start(try firmware.node("\\TAKE"), AMLArguments(interpreter))
    #expect(try interpreter.resume(fourth) == .suspended(.wait(milliseconds: 50)))
    #expect(throws: AMLError.deadlock) { _ = try interpreter.evaluate(try firmware.node("\\EVER")) }
    #expect(try interpreter.resume(holder) == .finished)
    #expect(try interpreter.resume(fourth) == .finished)
    #expect(try interpreter.result(of: fourth)?.exactInteger == 0)
    #expect(try interpreter.resume(third) == .finished)
    #expect(try interpreter.result(of: third)?.exactInteger == 7)
  }

  @Test("A cancelled execution gives its mutex back and its names up")
  func cancellation() throws {
    let firmware = try Firmware(Self.locks)
    let interpreter = firmware.interpreter
    let nodes = interpreter.usage.nodes
    let holder = try interpreter.start(try firmware.node("\\HOLD"), AMLArguments(interpreter))
    _ = try interpreter.resume(holder)
    let namer = try interpreter.start(try firmware.node("\\TEMP"), AMLArguments(interpreter))
    _ = try interpreter.resume(namer)
    #expect(interpreter.usage.nodes == nodes + 1)
    interpreter.cancel(holder)
    interpreter.cancel(namer)
    #expect(firmware.value("\\TAKE") == "0x0")
    #expect(interpreter.usage.nodes == nodes && interpreter.usage.executions == 0)
  }

  @Test("An event wakes who waits for it")
  func events() throws {
    let firmware = try Firmware(Self.locks)
    let interpreter = firmware.interpreter
    let waiter = try interpreter.start(try firmware.node("\\PEND"), AMLArguments(interpreter))
    #expect(try interpreter.resume(waiter) == .suspended(.wait(milliseconds: 100)))
    #expect(firmware.value("\\SIGN") == "0x0")
    #expect(try interpreter.resume(waiter) == .finished)
    #expect(try interpreter.result(of: waiter)?.exactInteger == 0)
  }

  @Test("A serialized method lets one execution in; one that creates names becomes serialized when two meet in it")
  func serialized() throws {
    let firmware = try Firmware(Self.locks)
    let interpreter = firmware.interpreter
    func start(_ name: String) throws -> AMLExecution {
      try interpreter.start(try firmware.node(name), AMLArguments(interpreter))
    }
    let first = try start("\\SERA")
    #expect(try interpreter.resume(first) == .suspended(.sleep(milliseconds: 10)))
    let second = try start("\\SERA")
    #expect(try interpreter.resume(second) == .suspended(.wait(milliseconds: nil)))
    #expect(try interpreter.resume(first) == .finished)
    #expect(try interpreter.resume(second) == .suspended(.sleep(milliseconds: 10)))
    #expect(try interpreter.resume(second) == .finished)

    let third = try start("\\TEMP")
    #expect(try interpreter.resume(third) == .suspended(.sleep(milliseconds: 10)))
    let fourth = try start("\\TEMP")
    #expect(throws: AMLError.alreadyExists) { _ = try interpreter.resume(fourth) }
    #expect(try interpreter.resume(third) == .finished)
    let fifth = try start("\\TEMP")
    #expect(try interpreter.resume(fifth) == .suspended(.sleep(milliseconds: 10)))
    let sixth = try start("\\TEMP")
    #expect(try interpreter.resume(sixth) == .suspended(.wait(milliseconds: nil)))
    #expect(try interpreter.resume(fifth) == .finished)
    #expect(try interpreter.resume(sixth) == .suspended(.sleep(milliseconds: 10)))
    #expect(try interpreter.resume(sixth) == .finished)
  }

  @Test("Each limit ends the code that exceeds it, and the interpreter works on")
  func limits() throws {
    var limits = AMLLimits()
    limits.heapByteCount = 1 << 20
    limits.objectSize = 1 << 16
    limits.nodeCount = 300
    limits.termDepth = 400
    limits.methodDepth = 50
    limits.stepCount = 30_000
    let firmware = try Firmware(
      """
      Name (KEEP, Package (8) {})
      Method (LOOP) { While (1) { Local0++ } }
      Method (RECU, 1) { Return (RECU (Arg0 + 1)) }
      Method (DEEP) { Local0 = Package (1) {} While (1) { Local1 = Package (1) {} Local1 [0] = Local0 Local0 = Local1 } }
      Method (GROW) { Local0 = "0123456789abcdef" While (1) { Local0 = Concatenate (Local0, Local0) } }
      Method (HOAR) { Local0 = 0 While (Local0 < 255) { Local1 = Package (40) {} Local2 = 0
        While (Local2 < 40) { Local1 [Local2] = Buffer (0x1000) {} Local2++ } KEEP [Local0 & 7] = Local1 Local0++ } }
      Method (LITT) { Local1 = 0 While (Local1 < 600) { Local0 = Buffer (0x1000) {} Local1++ } Return (SizeOf (Local0)) }
      Method (DROP) { KEEP = Package (8) {} }
      Method (HUGE) { Return (Buffer (0x10001) {}) }
      Method (WIDE) { Local0 = 0x10001 Return (Package (Local0) {}) }
      Method (GOOD) { Return (0x2A) }
      """, limits: limits)
    func error(_ name: String) -> AMLError? {
      do {
        var arguments = AMLArguments(firmware.interpreter)
        if name == "RECU" { try arguments.append(0) }
        _ = try firmware.interpreter.evaluate(try firmware.node("\\\(name)"), arguments)
        return nil
      } catch { return error as? AMLError }
    }
    #expect(error("LOOP") == .stepLimit)
    #expect(error("RECU") == .methodLimit)
    #expect(error("DEEP") == .depthLimit)
    #expect(error("GROW") == .heapLimit)
    #expect(error("HOAR") == .heapLimit)
    #expect(error("HUGE") == .heapLimit)
    #expect(error("WIDE") == .heapLimit)
    #expect(error("DROP") == nil)
    // Two megabytes of garbage fit into one megabyte, since it is collected.
    #expect(error("LITT") == nil)
    #expect(firmware.value("\\GOOD") == "0x2a")
    #expect(firmware.interpreter.usage.heapBytes <= 1 << 20)
    #expect(firmware.interpreter.usage.executions == 0)
  }

  @Test("Code that takes too long ends, whether it runs, stalls, sleeps or waits")
  func time() throws {
    var limits = AMLLimits()
    limits.milliseconds = 5_000
    let firmware = try Firmware(
      """
      Event (EVNT)
      Method (SLEP) { While (1) { Sleep (700) } }
      Method (STAL) { While (1) { Stall (100) } }
      Method (POLL) { While (1) { Wait (EVNT, 300) } }
      Method (LONG) { Sleep (4000) Return (1) }
      """, limits: limits)
    for (name, longest) in [("SLEP", 5_700), ("STAL", 5_100), ("POLL", 5_300)] {
      let begin = firmware.host.timer()
      #expect(throws: AMLError.timeLimit) {
        _ = try firmware.interpreter.evaluate(try firmware.node("\\\(name)"))
      }
      let milliseconds = Int(firmware.host.timer() - begin) / 10_000
      #expect((4_900...longest).contains(milliseconds), "\(name) ended after \(milliseconds) ms")
    }
    #expect(firmware.value("\\LONG") == "0x1")
    #expect(firmware.interpreter.usage.executions == 0)
  }

  @Test("A start that takes too long leaves out the devices that are left")
  func longStart() throws {
    var limits = AMLLimits()
    limits.milliseconds = 5_000
    limits.initializationMilliseconds = 12_000
    let devices = (0..<10).map { "Device (DEV\($0)) { Method (_INI) { CNT++ While (1) { Sleep (100) } } }" }
    let firmware = try Firmware("Name (CNT, 0)\n" + devices.joined(separator: "\n"), limits: limits)
    #expect(throws: AMLError.timeLimit) { try firmware.interpreter.initialize() }
    #expect(firmware.value("\\CNT") == "0x3")
    #expect(firmware.host.warnings.count == 3)
  }

  @Test("Too many names end a table")
  func names() throws {
    var limits = AMLLimits()
    limits.nodeCount = 100
    let interpreter = try AMLInterpreter(host: TestHost(), limits: limits)
    var code: [UInt8] = []
    for index in 0..<200 { code += [0x08, UInt8(0x41 + index / 26), UInt8(0x41 + index % 26), 0x5f, 0x5f, 0x01] }
    #expect(throws: AMLError.namespaceLimit) { try interpreter.load(RandomCode.table(code)) }
    #expect(interpreter.usage.nodes == 100)
  }

  @Test("What the kernel holds survives a collection, and what it drops does not")
  func collection() throws {
    let firmware = try Firmware(
      """
      Name (PKGA, Package () {Package () {"a", Buffer () {1, 2}}, 5})
      Method (MAKE) { Return (Package () {"new", Package () {Buffer (1000) {7}}}) }
      """)
    let interpreter = firmware.interpreter
    interpreter.collect()
    let before = interpreter.usage
    func hold() throws {
      guard let object = try interpreter.evaluate(try firmware.node("\\MAKE")) else {
        Issue.record("no package")
        return
      }
      interpreter.collect()
      #expect(interpreter.usage.objects == before.objects + 4)
      let inner = try object.element(1)
      let bytes = try inner.element(0)
      let (count, first, isEqual) = (bytes.count, bytes.byte(0), try object.element(0).isEqual(to: "new"))
      #expect(count == 1_000 && first == 7 && isEqual)
    }
    try hold()
    interpreter.collect()
    #expect(interpreter.usage == before)
    #expect(firmware.value("\\PKGA") == "[[\"a\", {01 02}], 0x5]")
  }

  @Test("A result does not change with the name that it came from")
  func results() throws {
    let firmware = try Firmware("Name (BUFA, Buffer () {1, 2}) Method (SETA) { BUFA [0] = 9 }")
    guard let object = try firmware.interpreter.evaluate(try firmware.node("\\BUFA")) else {
      Issue.record("no buffer")
      return
    }
    _ = firmware.value("\\SETA")
    let byte = object.byte(0)
    #expect(byte == 1)
    #expect(firmware.value("\\BUFA") == "{09 02}")
  }

  @Test("A mistake in a table costs the term that it is in, if that says how long it is")
  func skipping() throws {
    let firmware = try Firmware(
      """
      External (\\_SB.NONE, DeviceObj)
      Name (AAAA, 1)
      Scope (\\_SB.NONE) { Name (BBBB, 2) }
      Device (DEVA) {
        Name (CCCC, 3)
        If (DerefOf (AAAA)) { Name (DDDD, 4) }
        Name (EEEE, 5)
      }
      Name (FFFF, 6)
      """)
    #expect(firmware.host.warnings.count == 2)
    #expect(firmware.value("\\DEVA.EEEE") == "0x5")
    #expect(firmware.value("\\FFFF") == "0x6")
    #expect(firmware.interpreter.find("\\DEVA.DDDD") == nil)
  }

  @Test("Tables with a bad header are refused")
  func headers() throws {
    let good = RandomCode.table([0x08] + Array("AAAA".utf8) + [0x01])
    var badSum = good
    badSum[36] ^= 1
    var badLength = good
    badLength[4] += 1
    badLength[9] &-= 1
    for table in [badSum, badLength, Array(good.prefix(35)), []] {
      let interpreter = try AMLInterpreter(host: TestHost())
      #expect(throws: AMLError.badTable) { try interpreter.load(table) }
    }
    let interpreter = try AMLInterpreter(host: TestHost())
    #expect(try interpreter.load(good + [1, 2, 3]) == 0)
  }

  @Test("A lack of memory is an error at whatever allocation it comes, and leaves nothing behind")
  func noMemory() async {
    // In a process of its own: the failures reach every allocation of the process.
    await #expect(processExitsWith: .success) {
      var code = RandomCode(seed: 77)
      let table = code.table()
      var failures = 0
      for count in 0..<1_500 {
        AllocationFaults.fail(after: nil)
        var bytes = GrowableArray<UInt8>()
        for byte in table { try bytes.append(byte) }
        AllocationFaults.fail(after: count)
        do throws(AMLError) {
          let interpreter = try AMLInterpreter(host: FuzzHost())
          _ = try interpreter.load(bytes)
          for name in ["\\MTH0", "\\PKGA", "\\BUFA"] {
            guard let node = interpreter.find(name) else { continue }
            do throws(AMLError) { _ = try interpreter.evaluate(node) } catch {
              if error == .outOfMemory { failures += 1 }
            }
          }
        } catch { if error == .outOfMemory { failures += 1 } }
      }
      AllocationFaults.fail(after: nil)
      precondition(failures > 20)
    }
  }
}
