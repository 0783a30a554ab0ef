use super::*;

/// A template without others.
fn interpret(text: &str, surroundings: &Surroundings) -> Result<Model> {
    let documents = documents::Documents::single(text)?;
    Model::of(&evaluate::Evaluator::of(&documents, surroundings)?)
}

fn here() -> Surroundings {
    Surroundings {
        parameters: BTreeMap::new(),
        emulator_url: "http://emulator".into(),
        prefix: "kitemate".into(),
    }
}

fn function(environment: &str) -> String {
    format!(
        "Parameters:\n  Stage:\n    Type: String\n    Default: dev\nConditions:\n  IsDev: !Equals [!Ref Stage, dev]\n\
         Mappings:\n  Sizes:\n    dev:\n      memory: 128\nResources:\n  JobsQueue:\n    Type: AWS::SQS::Queue\n\
         \x20 OneFunction:\n    Type: AWS::Serverless::Function\n    Metadata:\n      BuildProperties:\n\
         \x20       Binary: one\n    Properties:\n      MemorySize: 128\n      Timeout: 3\n      Environment:\n\
         \x20       Variables:\n          VALUE: {environment}\n"
    )
}

fn value(expression: &str) -> Result<String> {
    let model = interpret(&function(expression), &here())?;
    Ok(model.functions[0].environment["VALUE"].clone())
}

#[test]
fn cloudformations_functions_are_evaluated() {
    let table = [
        ("plain", "plain"),
        ("!Ref Stage", "dev"),
        ("!Ref JobsQueue", "http://emulator/000000000000/kitemate-jobs-queue"),
        ("!GetAtt JobsQueue.Arn", "arn:aws:sqs:ap-south-1:000000000000:kitemate-jobs-queue"),
        (
            "!Sub \"${Stage}-${JobsQueue.Arn}-${!Literal}\"",
            "dev-arn:aws:sqs:ap-south-1:000000000000:kitemate-jobs-queue-${Literal}",
        ),
        ("!Sub [\"${A}-${Stage}\", {A: x}]", "x-dev"),
        ("!Join [\"/\", [a, !Ref Stage]]", "a/dev"),
        ("!If [IsDev, yes, no]", "yes"),
        ("!Select [1, !Split [\",\", \"a,b\"]]", "b"),
        ("!FindInMap [Sizes, !Ref Stage, memory]", "128"),
        ("{\"Fn::Sub\": \"${AWS::Region}\"}", "ap-south-1"),
    ];
    for (expression, expected) in table {
        assert_eq!(value(expression).unwrap(), expected, "{expression}");
    }
}

#[test]
fn what_is_not_understood_names_its_line() {
    for expression in
        ["!Cidr [a, b]", "!Ref Nothing", "!GetAtt JobsQueue.Colour", "!Sub \"${Nothing}\""]
    {
        let err = format!("{:#}", value(expression).unwrap_err());
        assert!(err.contains("line 24"), "{expression}: {err}");
    }
    let err = interpret("Resources:\n  X:\n    Type: AWS::EKS::Cluster\n", &here()).unwrap_err();
    assert!(
        format!("{err:#}")
            .contains("template.yaml:3: X: the local cloud does not run a AWS::EKS::Cluster"),
        "{err:#}"
    );
}

#[test]
fn this_repositorys_template_is_understood() {
    let file = Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/../template.yaml"));
    let mut here = here();
    here.parameters.insert("DatabaseHost".into(), "127.0.0.1".into());
    let model = read(file, &here).unwrap();
    let import = model.functions.iter().find(|function| function.name == "imports-create").unwrap();
    assert_eq!(
        (import.routes[0].method.as_str(), import.routes[0].path.as_str()),
        ("POST", "/v1/portfolio/import")
    );
    assert_eq!(import.environment["DATABASE_USER"], "svc_imports");
    assert_eq!(import.environment["DATABASE_ADDRESS"], "127.0.0.1:5432/kitemate");
    assert!(model.queues.iter().filter(|queue| queue.redrive.is_some()).count() >= 4);
    assert_eq!(model.api.binary_types, ["multipart/form-data"]);
    assert_eq!(
        import.arn,
        "arn:aws:lambda:ap-south-1:000000000000:function:kitemate-imports-create"
    );
    assert!(import.place.starts_with("functions/imports/template.yaml:"), "{}", import.place);
    let preflight = &model.api.preflights["/v1/portfolio/import"];
    assert_eq!(preflight.origins.as_deref(), Some("*"), "the default of AllowedOrigins");
}

const PARENT: &str = "Resources:\n  Jobs:\n    Type: AWS::Serverless::Application\n    Properties:\n\
    \x20     Location: parts/queue.yaml\n      Parameters: {Name: !Sub \"${AWS::StackName}-jobs\"}\n\
    \x20 One:\n    Type: AWS::Serverless::Function\n    Metadata: {BuildProperties: {Binary: one}}\n\
    \x20   Properties:\n      FunctionName: !Sub \"${AWS::StackName}-one\"\n      MemorySize: 128\n      Timeout: 3\n\
    \x20     Environment: {Variables: {QUEUE: !GetAtt Jobs.Outputs.Arn, NONE: !Ref AWS::NoValue}}\n";
const CHILD: &str = "Parameters:\n  Name: {Type: String}\nResources:\n  Queue:\n    Type: AWS::SQS::Queue\n\
    \x20   Properties: {QueueName: !Ref Name}\nOutputs:\n  Arn: {Value: !GetAtt Queue.Arn}\n";

fn nested(name: &str, parent: &str, child: &str) -> Result<Model> {
    let folder =
        std::env::temp_dir().join(format!("kitemate-nested-{name}-{}", std::process::id()));
    std::fs::create_dir_all(folder.join("parts"))?;
    std::fs::write(folder.join("template.yaml"), parent)?;
    std::fs::write(folder.join("parts/queue.yaml"), child)?;
    let model = read(&folder.join("template.yaml"), &here());
    std::fs::remove_dir_all(&folder)?;
    model
}

#[test]
fn a_nested_stack_is_given_its_parameters_and_tells_its_outputs() {
    let model = nested("well", PARENT, CHILD).unwrap();
    assert_eq!(model.queues[0].name, "kitemate-jobs");
    let arn = "arn:aws:sqs:ap-south-1:000000000000:kitemate-jobs";
    assert_eq!(model.functions[0].environment["QUEUE"], arn);
    assert!(!model.functions[0].environment.contains_key("NONE"));
}

#[test]
fn a_fault_between_stacks_names_its_file() {
    let table = [
        (
            PARENT.replace("{Name:", "{Nmae:"),
            CHILD.to_owned(),
            "parts/queue.yaml has no parameter Nmae",
        ),
        (
            PARENT.replace("Outputs.Arn", "Outputs.Url"),
            CHILD.to_owned(),
            "parts/queue.yaml has no output Url",
        ),
        (
            PARENT.to_owned(),
            CHILD.replace("AWS::SQS::Queue", "AWS::MQ::Broker"),
            "parts/queue.yaml:5: Queue",
        ),
        (
            PARENT.replace("      Parameters: {Name: !Sub \"${AWS::StackName}-jobs\"}\n", ""),
            CHILD.to_owned(),
            "parts/queue.yaml:2: parameter Name has no value",
        ),
    ];
    for (at, (parent, child, expected)) in table.into_iter().enumerate() {
        let err = nested(&at.to_string(), &parent, &child).unwrap_err();
        assert!(format!("{err:#}").contains(expected), "{expected}: {err:#}");
    }
}
