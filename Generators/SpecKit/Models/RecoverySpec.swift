/// `recovery.json`: what the kernel does about each class of failure.
public struct RecoverySpec: SpecModel {
  /// Something that can be done about a failure.
  public struct Strategy: Decodable {
    /// The name.
    public let name: Located<String>
    /// What it does, as a sentence.
    public let description: String
    /// What is lost when it works.
    public let loses: String
    /// Whether it may be tried more than once.
    public let repeatable: Bool?
    /// Whether nothing can follow it.
    public let final: Bool?
  }

  /// One attempt at recovery.
  public struct Step: Decodable {
    /// What is done.
    public let strategy: Located<String>
    /// How often it is tried.
    public let attempts: Located<Int>?
    /// The wait before the second attempt.
    public let delayMilliseconds: Located<Int>?
    /// What each further wait is multiplied with.
    public let backOff: Located<Int>?
    /// What no wait is longer than.
    public let longestMilliseconds: Located<Int>?
    /// The time after which attempts are counted anew.
    public let windowSeconds: Located<Int>?
  }

  /// A class of failure.
  public struct Failure: Decodable {
    /// The name.
    public let name: Located<String>
    /// What happened, as a sentence.
    public let description: String
    /// What has failed.
    public let scope: String
    /// What notices it.
    public let detectedBy: String
    /// Whether it is handled so yet.
    public let status: String
    /// What is done, until something works.
    public let steps: [Step]
  }

  /// The strategies, the gentlest first.
  public let strategies: [Strategy]
  /// The classes of failure.
  public let failures: [Failure]
  /// The public documents behind it.
  public let sources: [String]

  /// The schema's file name.
  public static var schema: String { "recovery.schema.json" }
  /// How many classes of failure there are.
  public var entryCount: Int { failures.count }

  /// Steps name strategies, escalate, and stay within limits.
  public func check(_ context: inout CheckContext) {
    context.reportDuplicates(of: "name", in: strategies.map(\.name))
    context.reportDuplicates(of: "name", in: failures.map(\.name))
    for strategy in strategies { SwiftName.check(strategy.name, &context) }
    for failure in failures {
      SwiftName.check(failure.name, &context)
      var last = -1
      for (index, step) in failure.steps.enumerated() {
        guard let rank = strategies.firstIndex(where: { $0.name.value == step.strategy.value }) else {
          let hint = Suggestion.hint(for: step.strategy.value, among: strategies.map(\.name.value))
          context.report(
            step.strategy, "there is no strategy \(step.strategy.value)", "name one of this file's strategies\(hint)")
          continue
        }
        if rank <= last {
          context.report(
            step.strategy,
            "\(step.strategy.value) does not come after \(strategies[last].name.value) in \"strategies\"",
            "escalate: each step is harder than the one before")
        }
        last = max(last, rank)
        check(step, strategies[rank], isLast: index == failure.steps.count - 1, &context)
      }
    }
  }

  private func check(_ step: Step, _ strategy: Strategy, isLast: Bool, _ context: inout CheckContext) {
    let attempts = step.attempts?.value ?? 1
    if attempts > 1, strategy.repeatable != true, let place = step.attempts {
      context.report(
        place, "\(strategy.name.value) is done once", "remove it, or say \"repeatable\": true of the strategy")
    }
    if let delay = step.delayMilliseconds, attempts == 1 {
      context.report(delay, "there is no second attempt to wait for", "add \"attempts\" or remove it")
    }
    if let backOff = step.backOff, step.delayMilliseconds == nil {
      context.report(backOff, "there is no wait to multiply", "add \"delayMilliseconds\" or remove it")
    }
    if let longest = step.longestMilliseconds {
      if step.backOff == nil {
        context.report(longest, "waits that do not grow need no limit", "add \"backOff\" or remove it")
      } else if longest.value < step.delayMilliseconds?.value ?? 0 {
        context.report(longest, "the first wait is longer", "raise it, or lower \"delayMilliseconds\"")
      }
    }
    if strategy.final == true, !isLast {
      context.report(step.strategy, "nothing can follow \(strategy.name.value)", "make it the last step")
    }
    // The longest wait is the first one multiplied for every further attempt; an hour would hold up everything behind it.
    if let delay = step.delayMilliseconds?.value {
      var wait = delay
      var total = 0
      for _ in 1..<max(attempts, 2) where total < 3_600_000 {
        total += wait
        wait = min(wait * (step.backOff?.value ?? 1), step.longestMilliseconds?.value ?? .max)
      }
      if total >= 3_600_000 {
        context.report(
          step.strategy, "the attempts would wait more than an hour", "lower the delay, the back-off or the attempts")
      }
    }
  }
}
