import Foundation
import Foundations
import Machine
import Testing

@testable import Terminals

/// Replays records of what Linux did at a pseudo terminal. `Linux/README.md` says how they are made.
@Suite("Terminals as on Linux")
struct LinuxTests {
  @Test("Every byte and result is what Linux's was", arguments: 1...5)
  func replay(_ number: Int) throws {
    let folder = URL(filePath: #filePath).deletingLastPathComponent().appending(path: "Linux")
    let text = try String(contentsOf: folder.appending(path: "bytes-\(number).trace"), encoding: .utf8)
    let lines = text.split(separator: "\n").map(String.init)
    #expect(lines.count > 1_000)
    var replay = LinuxReplay(try Pair())
    for (index, line) in lines.enumerated() {
      let said = try replay.carryOut(line)
      guard said != line else { continue }
      let before = lines[max(0, index - 12)..<index].joined(separator: "\n")
      Issue.record("line \(index + 1): expected\n\(line)\nfound\n\(said)\nafter\n\(before)")
      return
    }
  }
}

/// Carries out the lines of a record, and says each with its own result.
struct LinuxReplay {
  private var master: PseudoTerminalMaster
  private var slave: TerminalHandle?

  init(_ pair: Pair) { (master, slave) = (pair.master, pair.slave) }

  mutating func carryOut(_ line: String) throws -> String {
    let question = line.components(separatedBy: " =")[0]
    let words = question.split(separator: " ").map(String.init)
    switch words[0] {
    case "pair":
      self = LinuxReplay(try Pair())
      return line
    case "close":
      slave = nil
      return line
    case "open":
      slave = try master.openSlave(controlling: false)
      return line
    case "packet":
      master.terminal.setPacketMode(words[1] == "1")
      return line
    case "modes", "flushmodes": return "\(question) = \(setModes(words))"
    case "type": return "\(question) = \(result { () throws(Errno) in String(try master.write(Self.bytes(words[1]))) })"
    case "print":
      return "\(question) = \(result { () throws(Errno) in String(try slave?.write(Self.bytes(words[1])) ?? -1) })"
    case "show":
      return "\(question) = \(result { () throws(Errno) in Self.text(try master.read(Int(words[1]) ?? 0)) })"
    case "read":
      return "\(question) = \(result { () throws(Errno) in Self.text(try slave?.read(Int(words[1]) ?? 0) ?? []) })"
    case "flush": return "\(question) = \(control(.TCFLSH, words[1]))"
    case "flow": return "\(question) = \(control(.TCXONC, words[1]))"
    case "state": return "state = \(state)"
    default: return "what is \(question)?"
    }
  }

  private func result(_ body: () throws(Errno) -> String) -> String {
    do throws(Errno) { return try body() } catch { return error.name ?? "?" }
  }

  private func control(_ request: TerminalRequest, _ argument: String) -> String {
    result { () throws(Errno) in String(try slave?.control(request.rawValue, UInt64(argument) ?? 0) ?? -1) }
  }

  private func setModes(_ words: [String]) -> String {
    let flags = words[1...4].map { UInt32($0, radix: 16) ?? 0 }
    var modes = master.terminal.modes
    modes.input = InputFlags(rawValue: flags[0])
    modes.output = OutputFlags(rawValue: flags[1])
    modes.control = ControlFlags(rawValue: flags[2])
    modes.local = LocalFlags(rawValue: flags[3])
    for (index, byte) in Self.bytes(words[5]).enumerated() { modes.characters[index] = byte }
    if words[0] == "flushmodes" { master.terminal.update { $0.flushInput() } }
    master.terminal.setModes(modes.withSpeeds())
    modes = master.terminal.modes
    return [modes.input.rawValue, modes.output.rawValue, modes.control.rawValue, modes.local.rawValue]
      .map { String($0, radix: 16) }.joined(separator: " ")
  }

  private var state: String {
    let (readable, shown) = master.terminal.state.withLock { state in
      (state.discipline.countForPrograms, min(state.discipline.output.count, TerminalState.deliveredLimit))
    }
    let asked: UInt16 = 0x1 | 0x2 | 0x4 | 0x8 | 0x10
    let near = (slave?.poll().rawValue ?? 0) & asked
    let far = master.poll().rawValue & asked
    return "\(slave == nil ? -1 : readable) \(shown) \(String(near, radix: 16)) \(String(far, radix: 16))"
  }

  private static func bytes(_ text: String) -> [UInt8] {
    let digits = Array(text.utf8)
    func value(_ digit: UInt8) -> UInt8 { digit <= 0x39 ? digit - 0x30 : digit - 0x57 }
    return stride(from: 0, to: digits.count - 1, by: 2).map { value(digits[$0]) << 4 | value(digits[$0 + 1]) }
  }

  private static func text(_ bytes: [UInt8]) -> String {
    bytes.isEmpty ? "-" : bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
  }
}
