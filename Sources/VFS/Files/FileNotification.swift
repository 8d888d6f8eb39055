public import Waiting

/// Who is told when a file with O_ASYNC is ready. Source: fcntl(2), "Managing signals".
public struct FileNotification {
  /// What a number of the owner is a number of.
  public enum Receiver: Int32, Sendable {
    /// A task. F_OWNER_TID.
    case task = 0
    /// A process. F_OWNER_PID.
    case process = 1
    /// A process group. F_OWNER_PGRP.
    case group = 2
  }

  /// What the owner is.
  public var receiver = Receiver.process
  /// Who is told; nil for nobody.
  public var owner: FileOwner?
  /// The signal; 0 for SIGIO, with which nothing more is told.
  public var signal: Int32 = 0
  /// Sends the signals, while O_ASYNC is set.
  var readiness: FileReadiness?
  /// Whether somebody wanted to write what there was no room for, and was not told of room since.
  var wantsRoom = false

  /// Nobody.
  public init() {}
}

/// Who is told that a file is ready. Derived from by what knows processes.
open class FileOwner {
  /// Creates an owner.
  public init() {}

  /// Its number; 0 when there is nobody with it any more. F_GETOWN.
  ///
  /// - Context: a thread without locks.
  open var number: Int32 { 0 }

  /// Tells it of `event` by a signal, 0 for SIGIO without more.
  ///
  /// - Parameter descriptor: which stood for the file when O_ASYNC was set.
  /// - Context: any, interrupts too, without locks.
  open func tell(_ event: FileEvent, signal: Int32, descriptor: Descriptor) {}
}

/// What a file's owner is told. Source: sigaction(2), "The si_code field", codes of SIGIO.
public enum FileEvent: Int32, Sendable {
  /// `POLL_IN`.
  case input = 1
  /// `POLL_OUT`.
  case output = 2
  /// `POLL_ERR`.
  case error = 4
  /// `POLL_PRI`.
  case priority = 5
  /// `POLL_HUP`.
  case hangUp = 6

  /// The same as poll(2) has it: `si_band`. Source: Linux fs/fcntl.c, `band_table`.
  public var band: PollEvents {
    switch self {
    case .input: [.input, .readNormal]
    case .output: [.output, .writeNormal, .writeBand]
    case .error: .error
    case .priority: [.priority, .readBand]
    case .hangUp: [.hangUp, .error]
    }
  }
}

/// Of what a file's owner is told by signals.
public enum ReadinessSignals: Sendable {
  /// Of nothing: O_ASYNC is only remembered.
  case none
  /// Of everything.
  case all
  /// Of room only once there was too little for what somebody wrote (`OpenFile.noteLackOfRoom`): otherwise a handler that writes would
  /// bring about the next signal.
  case roomWhenWanted
}
